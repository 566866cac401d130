// The envelopes of gRPC-Web and of Connect's streams: a byte of flags, four of length, then a message.

const HEAD = 5;

/** Bytes of one message that a page takes. */
const MESSAGE_MAX = 64 * 1024 * 1024;

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function envelope(text) {
  const bytes = new TextEncoder().encode(text);
  const whole = new Uint8Array(HEAD + bytes.length);
  new DataView(whole.buffer).setUint32(1, bytes.length);
  whole.set(bytes, HEAD);
  return whole;
}

/** All of them in one body. @param {string[]} texts */
export function envelopes(texts) {
  const all = texts.map(envelope);
  const whole = new Uint8Array(all.reduce((sum, one) => sum + one.length, 0));
  let place = 0;
  for (const one of all) {
    whole.set(one, place);
    place += one.length;
  }
  return whole;
}

/**
 * Cuts what comes into envelopes.
 *
 * @returns {{ feed(bytes: Uint8Array): { flags: number, text: string, bytes: number }[], rest(): number }}
 */
export function splitter() {
  let held = new Uint8Array();
  return {
    feed(bytes) {
      const joined = new Uint8Array(held.length + bytes.length);
      joined.set(held);
      joined.set(bytes, held.length);
      const found = [];
      let place = 0;
      while (joined.length - place >= HEAD) {
        const length = new DataView(joined.buffer, place).getUint32(1);
        if (length > MESSAGE_MAX) throw new Error(`a message of ${length} bytes; this page takes ${MESSAGE_MAX}`);
        if (joined.length - place < HEAD + length) break;
        const text = new TextDecoder().decode(joined.subarray(place + HEAD, place + HEAD + length));
        found.push({ flags: joined[place], text, bytes: HEAD + length });
        place += HEAD + length;
      }
      held = joined.slice(place);
      return found;
    },
    rest: () => held.length,
  };
}
