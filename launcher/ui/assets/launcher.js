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
  const watch = () => {
    if (!window.socket) return void setTimeout(watch, 200);
    window.socket.io.on("reconnect_error", look);
    window.socket.on("connect_error", look);
  };
  watch();
})();

// The bell: the browser's own notices, once a person has allowed them with a click. The tag shows news once,
// however many tabs are open.
window.launcherBell = (() => {
  const there = () => "Notification" in window;
  const show = (button) => {
    button.hidden = !there() || Notification.permission !== "default";
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
