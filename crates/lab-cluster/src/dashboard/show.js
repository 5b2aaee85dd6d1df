// How things look. Every name, claim and annotation may have been chosen by somebody else, so all of
// them become texts: no function here takes HTML.

import { PAGE_SIZE } from "./api.js";
import { date } from "./token.js";

// An element with attributes, and texts or elements in it.
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const paragraph = (...children) => element("p", null, ...children);

// A text that somebody else chose: apart from what stands around it, even when it runs from right
// to left.
export const foreign = (text) => element("bdi", null, String(text));

export function replace(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

// When an object was made.
export function since({ creationTimestamp }) {
  const text = date(Date.parse(creationTimestamp) / 1000);
  return text && element("time", { datetime: creationTimestamp }, text);
}

// Pairs of a name and what it is.
export function pairs(rows) {
  const list = element("dl", null);
  for (const [name, value] of rows) {
    const values = Array.isArray(value) ? value : [value];
    list.append(element("dt", null, name), ...values.map((one) => element("dd", null, foreign(one))));
  }
  return list;
}

// The roles are those that the elements have anyway; browsers forget them when a narrow page shows
// a row as lines.
export function table(caption, columns, rows) {
  const head = columns.map((name) => element("th", { scope: "col", role: "columnheader" }, name));
  const line = (cells) => element("tr", { role: "row" }, ...cells.map((cell, i) =>
    element("td", { role: "cell", "data-column": columns[i] }, cell instanceof Node ? cell : foreign(cell ?? ""))));
  const whole = element("table", { role: "table" }, element("caption", null, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    element("tbody", { role: "rowgroup" }, ...rows.map(line)));
  // A wide table is moved within its own frame, by keys as well.
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, whole);
}

export function code(label, value) {
  const text = JSON.stringify(value, null, 2);
  return element("figure", null, element("figcaption", null, label),
    element("pre", { tabindex: "0", "aria-label": label }, text));
}

const MEANINGS = {
  0: "No answer. Does the lab still run?",
  401: "401 Unauthorized: the server does not know who you are.",
  403: "403 Forbidden: the server knows who you are, and no rule of it allows you this.",
  404: "404 Not Found: the server has nothing there.",
};

// What an answer other than yes means, and what the server said, word for word.
export function refusal(answer) {
  const meaning = MEANINGS[answer.status] ?? `The server answered ${answer.status}.`;
  const said = answer.body?.message;
  return element("div", { class: "refusal" }, paragraph(meaning),
    said ? element("blockquote", null, foreign(said)) : null);
}

// What was asked, and the lab's trace of why it was answered so.
export function why(answer) {
  const title = element("summary", null, "Why? ", element("code", null, answer.request),
    ` → ${answer.status || "nothing"}`);
  const trace = answer.why;
  if (!trace) return element("details", null, title, paragraph("The lab gave no trace."));
  if (trace.leftOut) return element("details", null, title, paragraph(`The trace is ${trace.leftOut}.`));
  const rows = (trace.authenticators ?? []).map(({ name, said }) => [name, said]);
  rows.push(["user", trace.user ?? "nobody: 401"]);
  if (trace.impersonation) rows.push(["impersonation", trace.impersonation]);
  rows.push(["authorizer", trace.authorizer ?? "not asked"]);
  return element("details", null, title,
    paragraph("The lab's trace: who was asked in turn, and what they said. A real API server keeps this in its log."),
    pairs(rows));
}

// The two parts of a token that can be read.
export function contents(read) {
  if (read.why) return [paragraph(read.why)];
  const dates = ["iat", "nbf", "exp"].filter((name) => date(read.claims[name]));
  return [
    paragraph("Read in this page, and not verified. To verify is the server's work: it has the key."),
    element("div", { class: "beside" }, code("Header", read.header), code("Claims", read.claims)),
    dates.length > 0 ? pairs(dates.map((name) => [name, date(read.claims[name])])) : "",
    paragraph(read.signatureBytes === undefined
      ? "The third part, the signature, is no base64url."
      : `The third part, the signature, is ${read.signatureBytes} bytes. There is nothing in it to read, so it is not shown.`),
  ];
}

// A list that the API gave, or its refusal; and why.
export function listing(where, answer, columns, row) {
  if (answer.status !== 200) return [element("h3", null, where), refusal(answer), why(answer)];
  const items = answer.body?.items ?? [];
  const caption = `${where}: ${items.length}${answer.body?.metadata?.continue ? `, the first ${PAGE_SIZE}` : ""}`;
  const shown = items.length > 0
    ? table(caption, columns, items.map(row))
    : element("h3", null, `${where}: none`);
  return [shown, why(answer)];
}

// The rules of a SelfSubjectRulesReview.
export function rules(namespace, answer) {
  if (answer.status !== 201) return [refusal(answer), why(answer)];
  const { resourceRules = [], nonResourceRules = [], incomplete, evaluationError } = answer.body?.status ?? {};
  const parts = [];
  const all = (list) => list?.includes("*");
  if (resourceRules.some((rule) => all(rule.verbs) && all(rule.apiGroups) && all(rule.resources))) {
    parts.push(paragraph(element("strong", null, "Everything."), " ", reason(answer.why?.authorizer)));
  }
  const things = (rule) => (rule.apiGroups ?? [""]).flatMap((group) =>
    (rule.resources ?? []).map((resource) => (group ? `${resource}.${group}` : resource)));
  const rows = [
    ...resourceRules.map((rule) => [words(rule.verbs), words(things(rule)), words(rule.resourceNames ?? ["any"])]),
    ...nonResourceRules.map((rule) => [words(rule.verbs), `paths: ${words(rule.nonResourceURLs)}`, ""]),
  ];
  parts.push(rows.length > 0
    ? table(`In namespace ${namespace}: rules`, ["Verbs", "On", "Names"], rows)
    : paragraph(`Nothing, in namespace ${namespace}.`));
  if (incomplete) {
    parts.push(paragraph("The list is incomplete. ", evaluationError ? foreign(evaluationError) : ""));
  }
  return [...parts, why(answer)];
}

const words = (list) => (list ?? []).join(", ");

function reason(authorizer) {
  return authorizer?.includes("AlwaysAllow")
    ? "The lab runs with the authorization mode AlwaysAllow: whoever it can authenticate may do anything. Start it with --authorization-mode RBAC to see permissions at work."
    : "A role gives you that, or the group system:masters.";
}
