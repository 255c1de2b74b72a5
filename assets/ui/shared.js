// The one global name of the site's scripts: what data files, and tests, reach from outside.

globalThis.SlidingWindows ??= {};
export const shared = globalThis.SlidingWindows;
