// Shows a run as it goes on. Without it the page renews itself.
(() => {
  "use strict";
  const main = document.querySelector("main[data-live]");
  if (!main || !window.EventSource) return;

  // The whole page anew, without a jump: it has other buttons in another state.
  const renew = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) return location.reload();
    document.title = page.title;
    main.replaceChildren(...fresh.childNodes);
    if (fresh.dataset.live && events.readyState === EventSource.CLOSED) listen(fresh.dataset.live);
  };

  let events;
  const listen = (address) => {
    events = new EventSource(address);
    events.addEventListener("progress", (e) => {
      const live = document.getElementById("live");
      if (!live || live.contains(document.activeElement)) return; // somebody is at a link of it
      live.innerHTML = e.data;
    });
    events.addEventListener("state", renew);
    events.addEventListener("end", () => { events.close(); renew(); });
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) setTimeout(renew, 5000);
    });
  };
  listen(main.dataset.live);
})();
