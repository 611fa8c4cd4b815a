// What this browser decodes of a stream.

const isSound = (codec) => /^(mp4a|ac-3|ec-3|opus)/i.test(codec);

function decodes(codec) {
  const type = `${isSound(codec) ? 'audio' : 'video'}/mp4; codecs="${codec}"`;
  const source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
  return source ? source.isTypeSupported(type) : document.createElement('video').canPlayType(type) !== '';
}

const inTheWay = (codecs) => (codecs.some(decodes) ? [] : codecs);

// Codecs of its pictures where none of them is decoded, and of its sound likewise.
export const undecoded = ({ codecs = [] }) => ({ pictures: inTheWay(codecs.filter((one) => !isSound(one))), sound: inTheWay(codecs.filter(isSound)) });
