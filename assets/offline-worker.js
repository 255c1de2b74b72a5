// Search on a page opened from a folder: browsers start no worker there, so an empty frame stands
// in for one. Material's search script knows such a parent by the name IFrameWorker.
// Only the offline edition loads this file, before Material's own script.

class IFrameWorker extends EventTarget {
  /** @type {((event: MessageEvent) => void) | null} */
  onmessage = null;

  constructor(url) {
    super();
    this.waiting = [];
    this.frame = document.createElement("iframe");
    this.frame.hidden = true;
    this.frame.addEventListener("load", () => this.load(String(url)), { once: true });
    document.body.append(this.frame);
  }

  /** Runs the worker's script in the frame, whose messages come to this object. */
  load(url) {
    const inside = this.frame.contentWindow;
    inside.postMessage = (data) => {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      this.onmessage?.(event);
    };
    const script = inside.document.createElement("script");
    script.src = url;
    script.onload = () => {
      this.inside = inside;
      for (const data of this.waiting.splice(0)) this.postMessage(data);
    };
    inside.document.head.append(script);
  }

  postMessage(data) {
    if (!this.inside) this.waiting.push(data);
    else this.inside.dispatchEvent(new this.inside.MessageEvent("message", { data }));
  }

  terminate() {
    this.frame.remove();
  }
}

if (location.protocol === "file:") Object.assign(window, { IFrameWorker, Worker: IFrameWorker });
