// Hands the microphone's samples on as they are, in blocks, and counts the frames that never came.
// Served from our own origin: the page's policy lets in no script that was made on the way.
const BLOCK = 1024; // some 23 ms: a level meter needs no more, and a message for each 128 frames would be many
const SETTLED = 8192; // before that much was heard, the first block lies apart from the rest, and nothing is lost
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(BLOCK);
    this.filled = 0;
    this.heard = 0;
    this.lost = 0;
    this.next = -1;
  }

  process(inputs) {
    const samples = inputs[0][0];
    if (!samples) return true; // no microphone yet, or it is gone
    if (this.next >= 0 && currentFrame > this.next && this.heard > SETTLED) this.lost += currentFrame - this.next;
    this.next = currentFrame + samples.length;
    this.heard += samples.length;
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(samples.length - at, BLOCK - this.filled);
      this.block.set(samples.subarray(at, at + count), this.filled);
      this.filled += count;
      at += count;
      if (this.filled === BLOCK) this.send();
    }
    return true;
  }

  send() {
    this.port.postMessage({ samples: this.block, lost: this.lost }, [this.block.buffer]);
    this.block = new Float32Array(BLOCK);
    this.filled = 0;
    this.lost = 0;
  }
}
registerProcessor("microphone", Microphone);
