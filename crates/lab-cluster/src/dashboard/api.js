// One token, and what the API answers to it. The token is a private field: nothing else on the page
// can read it back, and `forget` leaves nothing to read.

const PATIENCE = 15_000; // milliseconds
export const PAGE_SIZE = 200;

export class Api {
  #token;
  #aheadBy = 0; // how far the server's clock is ahead of the browser's, milliseconds

  constructor(token) {
    this.#token = token;
  }

  forget() {
    this.#token = null;
  }

  // Seconds since 1970 by the server's clock, as its last answer told.
  now() {
    return (Date.now() + this.#aheadBy) / 1000;
  }

  // Answers `{ request, status, body, why }`; `status` is 0 when nobody answered.
  async ask(method, path, body) {
    const request = `${method} ${path}`;
    if (this.#token === null) return { request, status: 0, body: null, why: null };
    try {
      const response = await fetch(path, {
        method,
        headers: {
          Accept: "application/json",
          Authorization: `Bearer ${this.#token}`,
          "Lab-Trace": "yes",
          ...(body && { "Content-Type": "application/json" }),
        },
        body: body && JSON.stringify(body),
        // The token and nothing else: no cookie, and no certificate that the browser may have.
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE),
      });
      const text = await response.text();
      const why = parsed(response.headers.get("Lab-Trace"));
      if (why?.time) this.#aheadBy = Date.parse(why.time) - Date.now();
      return { request, status: response.status, body: parsed(text), why };
    } catch {
      return { request, status: 0, body: null, why: null };
    }
  }

  whoAmI() {
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    return this.ask("POST", path, review("authentication.k8s.io/v1", "SelfSubjectReview"));
  }

  whatMayI(namespace) {
    const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    const asked = review("authorization.k8s.io/v1", "SelfSubjectRulesReview");
    return this.ask("POST", path, { ...asked, spec: { namespace } });
  }

  // A list of a kind, in one namespace or, without, in all.
  list(plural, namespace) {
    const within = namespace ? `namespaces/${encodeURIComponent(namespace)}/` : "";
    return this.ask("GET", `/api/v1/${within}${plural}?limit=${PAGE_SIZE}`);
  }
}

function review(apiVersion, kind) {
  return { apiVersion, kind };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
