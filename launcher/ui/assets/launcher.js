// What the pages need besides NiceGUI: recovery after a restart of the server, and the browser's own time.
(() => {
  // A restarted server answers our socket with 401 and NiceGUI would show "connection lost" for ever:
  // look at the page itself then, and reload to where the launch link is explained.
  const look = async () => {
    try {
      const answer = await fetch(window.location.href, { method: "HEAD", cache: "no-store" });
      if (answer.status === 401) window.location.reload();
    } catch (error) {
      /* the server is away: socket.io tries again */
    }
  };
  // What the framework says of a lost connection, in our words; and after a while what it probably means.
  const say = (...lines) => {
    const spans = document.querySelectorAll("#popup > span");
    lines.forEach((line, n) => spans[n] && (spans[n].textContent = line));
  };
  const LOST = ["No connection to the launcher.", "Trying again. What you typed here stays."];
  const CLOSED = [
    "The launcher does not answer: it was probably closed.",
    "Start it again in the terminal, by “launcher ui”, and open the link that it prints. Runs on GPUs continue, and end by themselves.",
  ];
  const CLOSED_AFTER_MS = 20000;
  let timer = null;
  const lost = () => {
    if (timer) return;
    say(...LOST);
    timer = setTimeout(() => say(...CLOSED), CLOSED_AFTER_MS);
  };
  const back = () => {
    clearTimeout(timer);
    timer = null;
  };
  const watch = () => {
    if (!window.socket) return void setTimeout(watch, 200);
    window.socket.io.on("reconnect_error", look);
    window.socket.on("connect_error", look);
    window.socket.on("connect_error", lost);
    window.socket.on("disconnect", lost);
    window.socket.on("connect", back);
    say(...LOST);
  };
  watch();

  // A panel beside the page that is taller than the window goes along until its end is seen: no second scroll bar.
  const EDGE = 24;
  const place = () => {
    for (const side of document.querySelectorAll(".side")) {
      const room = window.innerHeight - side.offsetHeight - EDGE;
      side.style.setProperty("--side-top", Math.min(EDGE, room) + "px");
      if (!side.dataset.watched) {
        side.dataset.watched = "yes";
        new ResizeObserver(place).observe(side);
      }
    }
  };
  window.addEventListener("resize", place);
  const drawn = new MutationObserver(() => document.querySelector(".side:not([data-watched])") && place());
  drawn.observe(document.documentElement, { childList: true, subtree: true });
})();

// A part of the page that is drawn anew takes the place of one that a person was in: the keyboard goes on at the same
// thing, and what was unfolded by hand stays unfolded. A thing is the same by what it is called, apart from figures.
(() => {
  const AGAIN_MS = 2000;
  const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
  const called = (one) => {
    const name = one.id.startsWith("field-") ? one.id : one.getAttribute("aria-label") || one.getAttribute("href") || one.textContent;
    return `${one.tagName} ${one.type || ""} ${one.value && one.type === "radio" ? one.value : ""} ${name.trim()}`;
  };
  const roughly = (one) => called(one).replace(/[\d.,]+/g, "#");
  const those = (tag, by, name) => [...document.querySelectorAll(tag)].filter((one) => by(one) === name);
  let last = null; // where the keyboard is, and which of several of that name
  const folds = new Map(); // what was folded or unfolded by hand, by its name, until it is drawn anew
  document.addEventListener("focusin", ({ target }) => {
    if (!target.matches(STOPS)) return void (last = null);
    const [name, rough] = [called(target), roughly(target)];
    const near = those(target.tagName, roughly, rough);
    const at = those(target.tagName, called, name).indexOf(target);
    last = { target, name, rough, at, nearAt: near.indexOf(target), isAlone: near.length === 1, gone: 0 };
  });
  document.addEventListener("focusout", ({ target }) => {
    // Of something that goes away the browser tells it too; then the place is not given up.
    setTimeout(() => last && last.target === target && target.isConnected && document.activeElement !== target && (last = null));
  });
  document.addEventListener(
    "click",
    ({ target }) => {
      if (last && last.target.contains(target)) last.isPressed = true;
      const fold = target.closest?.("summary")?.parentElement;
      if (fold) fold.dataset.byHand = "yes";
    },
    true,
  );
  const foldsIn = (node) => (node.nodeType === 1 ? [...(node.matches("details") ? [node] : []), ...node.querySelectorAll("details")] : []);
  const summaryOf = (fold) => fold.firstElementChild && roughly(fold.firstElementChild);
  const refocus = () => {
    if (!last || last.target.isConnected) return;
    const now = performance.now();
    last.gone = last.gone || now;
    const active = document.activeElement;
    if (now - last.gone > AGAIN_MS || (active && active !== document.body)) return void (last = null);
    const same = those(last.target.tagName, called, last.name);
    const near = those(last.target.tagName, roughly, last.rough);
    // Other figures may be another thing: the next one is taken only after a press here, or where there was one alone.
    const may = last.isPressed || (last.isAlone && near.length === 1);
    const found = same[last.at] || same[0] || (may ? near[last.nearAt] || near[near.length - 1] : null);
    if (!found || !found.getClientRects().length) return;
    const from = last.target;
    found.focus({ preventScroll: true });
    try {
      if ("selectionStart" in from && from.selectionStart !== null) found.setSelectionRange(from.selectionStart, from.selectionEnd);
    } catch (error) {
      /* no text in it */
    }
  };
  new MutationObserver((changes) => {
    const now = performance.now();
    for (const change of changes)
      for (const node of change.removedNodes)
        for (const fold of foldsIn(node))
          if (fold.dataset.byHand) folds.set(summaryOf(fold), { open: fold.open, at: now });
    if (folds.size)
      for (const change of changes)
        for (const node of change.addedNodes)
          for (const fold of node.isConnected ? foldsIn(node) : []) {
            const before = folds.get(summaryOf(fold));
            if (!before || fold.dataset.byHand) continue;
            if (now - before.at < AGAIN_MS) {
              fold.open = before.open;
              fold.dataset.byHand = "yes";
            }
            folds.delete(summaryOf(fold));
          }
    refocus();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();

// A focus that the server asks for comes a moment late: whoever types or is asked something by then keeps the keyboard.
window.launcherIsTyping = () => Boolean(document.activeElement?.closest("input, textarea, select, dialog"));

// The bell: the browser's own notices, once a person has allowed them with a click. The tag shows news once,
// however many tabs are open.
window.launcherBell = (() => {
  const there = () => "Notification" in window;
  // What this browser lets us do decides which of the bell's three texts is there.
  const show = (button) => {
    const allowed = there() ? Notification.permission : "denied";
    button.hidden = allowed !== "default";
    for (const words of button.parentElement.querySelectorAll("[data-allowed]")) words.hidden = words.dataset.allowed !== allowed;
  };
  const ask = async (button) => {
    if (there()) await Notification.requestPermission();
    show(button);
  };
  const tell = (news) => {
    if (!there() || Notification.permission !== "granted") return;
    for (const each of news) new Notification(each.title, { body: each.body, tag: each.tag });
  };
  document.addEventListener(
    "toggle",
    (event) => {
      const button = event.target.classList?.contains("bell") && event.target.querySelector(".bell-ask");
      if (button) show(button);
    },
    true,
  );
  return { ask, tell };
})();
