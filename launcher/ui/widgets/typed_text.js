// What was typed and is not used yet, kept by the browser for this tab: a reload, or a link that was followed by
// mistake, loses none of it. What looks like a key is never kept.
const LOOKS_LIKE_A_KEY = /(^|[^A-Za-z0-9])[A-Za-z]{2,6}[_-][A-Za-z0-9]{20,}/;
const here = new Set(); // typed since the page was loaded: nobody has to be told that it is there
const unkept = new Set(); // what the browser had no room for

window.addEventListener("beforeunload", (event) => unkept.size && event.preventDefault());

const nameOf = (place) => `typed:${window.location.pathname}:${place}`;

// `before` is what stood there before it was typed.
export function keepTyped(place, text, before) {
  here.add(place);
  unkept.delete(place);
  if (LOOKS_LIKE_A_KEY.test(text)) return void sessionStorage.removeItem(nameOf(place));
  try {
    sessionStorage.setItem(nameOf(place), JSON.stringify({ text, before }));
  } catch (error) {
    unkept.add(place);
  }
}

export function readTyped(place) {
  const kept = sessionStorage.getItem(nameOf(place));
  return kept === null ? null : { ...JSON.parse(kept), isNews: !here.has(place) };
}

export function forgetTyped(place) {
  here.delete(place);
  unkept.delete(place);
  sessionStorage.removeItem(nameOf(place));
}

// The server took a text whose field is not on the page any more.
window.launcherTextWasTaken = (place, text) => {
  if (readTyped(place)?.text === text) forgetTyped(place);
};
