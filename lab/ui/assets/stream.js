// Messages pushed by the server while a run lasts.

const FAILURES = 3;
const WAIT = 3000; // milliseconds before we open again what the browser has given up

/**
 * Open a stream of messages. The browser reconnects by itself after a broken line; after an HTTP error it
 * does not, so then we do.
 * @param {string} address
 * @param {{message: function(object): void, lost: function(): void, back: function(): void}} listeners
 * @returns {function(): void} closes the stream
 */
export function openStream(address, { message, lost, back }) {
  let source;
  let timer;
  let failures = 0;
  const connect = () => {
    source = new EventSource(address);
    source.onopen = () => {
      failures = 0;
      back();
    };
    source.onmessage = (event) => message(JSON.parse(event.data));
    source.onerror = () => {
      failures += 1;
      if (failures === FAILURES) lost();
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, WAIT);
    };
  };
  connect();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
