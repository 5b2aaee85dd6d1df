// The page: a door, and behind it what the API shows to the bearer of one token, until it is refused.

import { Api } from "./api.js";
import { contents, element, foreign, listing, pairs, paragraph, refusal, replace, rules, since, why } from "./show.js";
import { date, duration, read, tidy } from "./token.js";

const ASK_EVERY = 30; // seconds between two questions whether the token still holds
const ASK_WHEN_OVER = 2; // the same, once its time is over
const SAID_ALOUD = [300, 60, 10]; // seconds that are left when a screen reader hears of it

const at = (id) => document.getElementById(id);

let session = null; // while somebody is in

// ---- the door ----

at("show").addEventListener("change", () => {
  at("token").classList.toggle("hidden-text", !at("show").checked);
});

at("token").addEventListener("keydown", (event) => {
  // A token has no line breaks, so the key can do what it does in a field of one line.
  if (event.key === "Enter") {
    event.preventDefault();
    at("sign-in").requestSubmit();
  }
});

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (session || at("enter").disabled) return;
  const { token, notes, problem } = tidy(at("token").value);
  complain(problem);
  if (problem) return;
  at("enter").disabled = true;
  at("outcome").hidden = true;
  say("Asking the API who you are.");

  const api = new Api(token);
  const answer = await api.whoAmI();
  at("enter").disabled = false;
  if (answer.status === 0) {
    complain("No answer. Does the lab still run?");
    return;
  }
  emptyTheField();
  const known = read(token);
  // 403 is no "no" at the door: who is told that they may not is known.
  if (answer.status === 201 || answer.status === 403) {
    await enter({ api, read: known, expires: expiry(known), answer, notes });
  } else {
    api.forget();
    tell("no", "No: this token does not let you in", [
      ...notes.map((note) => paragraph(note)),
      refusal(answer),
      answer.status === 401 ? paragraph("To a client it never says more than that. The lab does, here:") : "",
      opened(why(answer)),
      element("details", null, element("summary", null, "What can be read in the token"), ...contents(known)),
    ]);
  }
});

function emptyTheField() {
  at("token").value = "";
  at("show").checked = false;
  at("token").classList.add("hidden-text");
}

function complain(problem) {
  at("token-problem").hidden = !problem;
  at("token-problem").textContent = problem ?? "";
  at("token").setAttribute("aria-invalid", String(Boolean(problem)));
  if (problem) {
    at("token").focus();
    say(problem);
  }
}

// ---- behind it ----

async function enter(opened) {
  session = { ...opened, toldAt: Infinity, round: 0, askedAt: Date.now() };
  const mine = session;
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(userOf(opened.answer)?.username ?? "") ?? [];
  mine.home = namespace ?? "default";
  at("namespace").value = mine.home;
  at("outcome").hidden = true;
  at("door").hidden = true;
  at("inside").hidden = false;
  showWho(opened.answer, opened.notes);
  replace("read", ...contents(opened.read));
  showTime();
  mine.tick = setInterval(tick, 1000);
  at("session-title").focus();
  say("");
  await lookAround(mine);
}

const userOf = (answer) => answer.body?.status?.userInfo;

function showWho(answer, notes = []) {
  const user = userOf(answer);
  replace("session-who", ...(user ? ["The API server takes you for ", element("strong", null, foreign(user.username)), "."]
    : ["The API server knows you, but does not let you ask who you are."]));
  const extra = Object.entries(user?.extra ?? {});
  replace("who",
    ...notes.map((note) => paragraph(note)),
    user
      ? pairs([["user name", user.username], ["uid", user.uid || "none"], ["groups", user.groups ?? ["none"]], ...extra])
      : refusal(answer),
    why(answer));
}

// Everything that the token may see, or the refusal in its place.
async function lookAround(mine) {
  mine.round += 1; // what is still on its way from an earlier look is late
  await Promise.all([
    lookAtRules(mine),
    lookAt(mine, "namespaces", false, ["Name", "Phase", "Since"],
      ({ metadata, status }) => [metadata.name, status?.phase, since(metadata)], (items) => {
        replace("namespaces-known", ...items.map(({ metadata }) => element("option", { value: metadata.name })));
      }),
    lookAt(mine, "pods", true, ["Namespace", "Name", "Phase", "Runs as"],
      ({ metadata, spec, status }) => [metadata.namespace, metadata.name, status?.phase, spec?.serviceAccountName]),
    lookAt(mine, "accounts", true, ["Namespace", "Name", "Since"],
      ({ metadata }) => [metadata.namespace, metadata.name, since(metadata)]),
    lookAt(mine, "secrets", true, ["Namespace", "Name", "Type", "For account", "Holds"],
      ({ metadata, type, data }) => [metadata.namespace, metadata.name, type,
        metadata.annotations?.["kubernetes.io/service-account.name"], Object.keys(data ?? {}).join(", ")],
      (items) => {
        if (items.length === 0) return;
        at("secrets").append(paragraph("The page shows the names of what they hold. The values came with the list all the same: whoever may list Secrets can read them, and use a token that lies in one."));
      }),
  ]);
  if (mine === session) say("The lists are here.");
}

const PLURALS = { accounts: "serviceaccounts" };

// A list in all namespaces; where that is refused, the one in the namespace that is looked at, too.
async function lookAt(mine, id, namespaced, columns, row, then) {
  const plural = PLURALS[id] ?? id;
  const { round } = mine;
  const answer = await mine.api.list(plural);
  if (!stillThere(mine, answer) || round !== mine.round) return;
  const shown = listing(namespaced ? "In all namespaces" : "All", answer, columns, row);
  if (namespaced && answer.status === 403) {
    const namespace = at("namespace").value.trim() || mine.home;
    const near = await mine.api.list(plural, namespace);
    if (!stillThere(mine, near) || round !== mine.round) return;
    shown.push(...listing(`In namespace ${namespace}`, near, columns, row));
  }
  replace(id, ...shown);
  if (answer.status === 200) then?.(answer.body?.items ?? []);
}

async function lookAtRules(mine) {
  const namespace = at("namespace").value.trim() || mine.home;
  const { round } = mine;
  const answer = await mine.api.whatMayI(namespace);
  if (stillThere(mine, answer) && round === mine.round) replace("may", ...rules(namespace, answer));
}

at("look-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (session) await lookAround(session);
});

at("refresh").addEventListener("click", async () => {
  const mine = session;
  if (!mine) return;
  await askWhetherItHolds(mine);
  if (mine === session) await lookAround(mine);
});

// ---- how long ----

function expiry({ claims }) {
  return typeof claims?.exp === "number" ? claims.exp : null;
}

function showTime() {
  const { api, read: known, expires } = session;
  if (expires === null) {
    at("time-left").textContent = known.claims
      ? "No date of expiry is in it: it holds until its Secret or its account is deleted, or the key is changed."
      : "It carries no date: it holds until the server is started with a token file that lacks it.";
    return;
  }
  const left = expires - api.now();
  at("time-left").replaceChildren(...(left > 0
    ? [element("span", { role: "timer", class: "clock" }, duration(left)), ` left by the lab's clock, until ${date(expires)}.`]
    : [element("strong", null, `Its time is over since ${duration(-left)}.`),
      " The server allows a minute more, for clocks that differ, and remembers a yes for ten seconds."]));
  const due = SAID_ALOUD.find((seconds) => left > 0 && left <= seconds && session.toldAt > seconds && left > seconds - 5);
  if (due) {
    session.toldAt = due;
    say(`${duration(left)} left.`);
  } else if (left <= 0 && session.toldAt > 0) {
    session.toldAt = 0;
    say("The time of your token is over.");
  }
}

// Once a second. Now and then it asks whether the token still holds: an account can be deleted
// before any date.
function tick() {
  showTime();
  const over = session.expires !== null && session.expires <= session.api.now();
  const pause = over ? ASK_WHEN_OVER : ASK_EVERY;
  if (Date.now() - session.askedAt >= pause * 1000) askWhetherItHolds(session);
}

async function askWhetherItHolds(mine) {
  mine.askedAt = Date.now();
  const answer = await mine.api.whoAmI();
  if (!stillThere(mine, answer)) return;
  if (answer.status === 0) {
    at("session-who").textContent = "No answer. Does the lab still run?";
  } else {
    showWho(answer, mine.notes);
  }
  showTime();
}

document.addEventListener("visibilitychange", () => {
  if (session && !document.hidden) askWhetherItHolds(session);
});

// ---- out again ----

// Whether the answer still concerns somebody: they may have left, and a 401 shows them out.
function stillThere(mine, answer) {
  if (mine !== session) return false;
  if (answer.status !== 401) return true;
  leave();
  tell("no", "Refused: this token holds no longer", [
    paragraph("The API server accepted it before, and answers 401 now. What it showed you is gone from this page."),
    refusal(answer),
    opened(why(answer)),
  ]);
  return false;
}

at("sign-out").addEventListener("click", () => {
  if (!session) return;
  const { expires } = session;
  leave();
  tell("", "Signed out", [
    paragraph("This page has forgotten the token. The server knows nothing of that: it keeps no list of who is signed in, and whoever has a copy of the token can use it on",
      expires === null ? "." : `, until ${date(expires)}.`),
  ]);
});

// A page that the browser keeps for the Back key must hold nothing either.
addEventListener("pagehide", () => {
  emptyTheField();
  if (session) leave();
  at("outcome").hidden = true;
});

function leave() {
  session.api.forget();
  clearInterval(session.tick);
  session = null;
  for (const id of ["session-who", "time-left", "who", "read", "may", "namespaces", "namespaces-known",
    "pods", "accounts", "secrets"]) replace(id);
  at("namespace").value = "";
  at("inside").hidden = true;
  at("door").hidden = false;
}

// ---- words ----

function opened(details) {
  details.open = true;
  return details;
}

function tell(kind, title, children) {
  at("outcome").className = `notice ${kind}`;
  at("outcome-title").textContent = title;
  replace("outcome-text", ...children);
  at("outcome").hidden = false;
  at("outcome-title").focus(); // which is heard as well
  say("");
}

// For a screen reader; the eye sees it elsewhere.
function say(text) {
  at("spoken").textContent = text;
}
