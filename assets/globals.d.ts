// What the site's scripts find in a browser beside the language and the DOM.

interface Window {
  /** Material's: tells of each page that instant navigation shows. */
  document$?: { subscribe(told: () => void): void };
  /** What Material's search takes for a worker on file://. */
  IFrameWorker?: unknown;
  MessageEvent: typeof MessageEvent;
}

/** The site's one global name; see ui/shared.js. */
declare var SlidingWindows: Record<string, any>;
