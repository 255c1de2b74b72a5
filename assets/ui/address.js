// A page's state in the hash of its address.

const LONGEST_HASH = 60000; // characters; a 64x64 grid typed in by hand fits
const PAUSE = 120; // ms without a change before the address follows, so that typing stays quick

/**
 * {name: text} as a hash; what a reader may want to read in it stays readable.
 * @type {(state: Record<string, string>) => string}
 */
export function toHash(state) {
  /** @type {Record<string, string>} */
  const readable = { "%2C": ",", "%3D": "=", "%3B": ";", "%3A": ":", "%20": "+" };
  /** @type {(text: string) => string} */
  const encode = (text) =>
    encodeURIComponent(text)
      .replace(/%2C|%3D|%3B|%3A|%20/g, (code) => readable[code])
      // Markdown, chat and mail programs end a link at one of these.
      .replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return Object.entries(state)
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join("&");
}

/**
 * The inverse; null for no hash, "bad" for one that is no state of ours.
 * @type {(hash: string, names: string[]) => Record<string, string> | "bad" | null}
 */
export function fromHash(hash, names) {
  const text = hash.replace(/^#/, "");
  if (!text) return null;
  if (text.length > LONGEST_HASH) return "bad";
  /** @type {Record<string, string>} */
  const state = {};
  try {
    for (const part of text.split("&")) {
      const at = part.indexOf("=");
      const name = part.slice(0, at);
      if (at < 1 || !names.includes(name) || Object.hasOwn(state, name)) return "bad";
      state[name] = decodeURIComponent(part.slice(at + 1).replace(/\+/g, " "));
    }
  } catch {
    return "bad"; // a broken percent code
  }
  return state;
}

/**
 * Keeps the address in step with the state, without a history entry for each change.
 * @type {(root: Element, apply: (hash: string) => void) => (state: () => Record<string, string>) => void}
 */
export function addressKeeper(root, apply) {
  let timer = 0;
  let own = location.hash;
  function onHash() {
    if (!root.isConnected) removeEventListener("hashchange", onHash);
    else if (location.hash !== own) {
      own = location.hash;
      apply(location.hash);
    }
  }
  addEventListener("hashchange", onHash);
  return (state) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!root.isConnected) return; // the reader has gone to another page
      const hash = `#${toHash(state())}`;
      if (hash === location.hash) return;
      history.replaceState(history.state, "", hash);
      own = location.hash;
    }, PAUSE);
  };
}
