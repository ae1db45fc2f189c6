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
