// The page you look at follows the book: it waits for a change and shows it. Served by
// `cargo run -p book` only; the rendered files know nothing of it.
(() => {
  const mine = document.currentScript.dataset.revision;
  let seen = "";

  const say = (problem) => {
    let banner = document.getElementById("book-problem");
    if (!problem) return banner?.remove();
    if (!banner) {
      banner = document.createElement("pre");
      banner.id = "book-problem";
      banner.setAttribute("role", "status");
      banner.style.cssText =
        "position:fixed;inset:auto 0 0 0;z-index:200;max-height:40vh;overflow:auto;margin:0;padding:1rem;" +
        "white-space:pre-wrap;background:var(--bg);color:var(--fg);border-top:3px solid var(--warning-border)";
      document.body.append(banner);
    }
    banner.textContent = problem;
  };

  // A page in the background holds no connection.
  const visible = () =>
    document.visibilityState === "visible"
      ? Promise.resolve()
      : new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));

  const follow = async () => {
    for (;;) {
      await visible();
      try {
        const answer = await fetch(`/-/changes?since=${seen}`, { cache: "no-store" });
        const state = await answer.json();
        seen = state.turn;
        say(state.problem);
        if (state.revision !== mine) return location.reload();
      } catch {
        // The server has ended, or is starting again.
        await new Promise((done) => setTimeout(done, 2000));
      }
    }
  };
  follow();
})();
