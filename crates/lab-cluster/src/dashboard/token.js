// What was pasted, and what anybody can read in it. Nothing here is verified: that takes the key,
// and is the server's work.

// Takes away what a clipboard adds around a token. What is wrong within it is for the reader to mend.
export function tidy(pasted) {
  let token = pasted.trim();
  const notes = [];
  const bearer = /^(authorization:\s*)?bearer\s+/i.exec(token);
  if (bearer) {
    token = token.slice(bearer[0].length);
    notes.push(`Sent without “${bearer[0].trim()}” in front: the page writes that itself.`);
  }
  const quoted = /^(["'])(.*)\1$/s.exec(token);
  if (quoted) {
    token = quoted[2];
    notes.push("Sent without the quotation marks around it.");
  }
  return { token, notes, problem: problem(token) };
}

function problem(token) {
  if (token === "") return "Paste a token first.";
  if (/-----BEGIN /.test(token)) {
    return "This is a certificate or a key in PEM, not a token.";
  }
  if (/^(apiVersion|kind):/m.test(token)) {
    return "This is a whole YAML file, a kubeconfig perhaps. Paste only what stands behind “token:”.";
  }
  if (/\\/.test(token)) {
    return "There is a backslash in it: the copy carries the end of a shell line. Copy the token as one line.";
  }
  if (/\s/.test(token)) {
    return "There is a space or a line break in the middle of it. Copy the token as one line.";
  }
  const odd = /[^\x21-\x7e]/u.exec(token);
  if (odd) {
    const code = odd[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `There is a character in it that no header can carry: U+${code}.`;
  }
  return null;
}

// { header, claims, signatureBytes } of a JWT, as texts to show; or { why }.
export function read(token) {
  const parts = token.split(".");
  if (parts.length !== 3) {
    return { why: twice(token) ?? noJwt(parts.length) };
  }
  const [header, claims] = parts.slice(0, 2).map(json);
  if (header === undefined || claims === undefined) {
    const which = header === undefined ? "first" : "second";
    return { why: `Three parts with dots between, but the ${which} is no JSON in base64url.` };
  }
  return { header, claims, signatureBytes: bytes(parts[2])?.length };
}

function noJwt(count) {
  return count === 1
    ? "No dot in it, so it is no JWT. A static token is such a word: it says nothing by itself, and the server looks it up in a file."
    : `${count} parts with dots between; a signed JWT has three.`;
}

// `get secret -o yaml` shows a token in base64: the JWT is within.
function twice(token) {
  const inner = bytes(token);
  const text = inner && new TextDecoder().decode(inner);
  return text?.startsWith("eyJ")
    ? "This is a JWT in base64 once more, as “get secret -o yaml” shows it. Decode it first, or copy it from “describe secret”."
    : null;
}

function bytes(base64url) {
  try {
    const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function json(part) {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(part)));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// `2026-11-23 12:00:00 UTC`, words for a time beyond the calendar, or null for what is no time.
export function date(seconds) {
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return null;
  const time = new Date(seconds * 1000);
  if (!Number.isNaN(time.getTime())) return time.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
  return seconds > 0
    ? "a time after the year 275760, where this page's calendar ends"
    : "a time before the year -271821, where this page's calendar begins";
}

// `59 min 12 s`.
export function duration(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  let rest = Math.max(0, Math.floor(seconds));
  const words = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 || words.length > 0 || unit === "s") words.push(`${count} ${unit}`);
  }
  return words.slice(0, 2).join(" ");
}
