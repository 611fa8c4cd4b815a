// Which parts hls.js is told to be loaded: those that it waits for and never asks for.

import assert from 'node:assert/strict';
import test from 'node:test';

import { neverAskedFor, tellLoadedParts } from './loaded_parts.mjs';

const SOUND = { startPTS: 8, endPTS: 9, startDTS: 8, endDTS: 9 };

class Part {
  elementaryStreams = { audio: null, video: null, audiovideo: null };
  constructor(sn, index, isLoaded, duration = 0.192) {
    Object.assign(this, { fragment: { sn }, index, duration });
    if (isLoaded) this.elementaryStreams.audio = SOUND;
  }

  get loaded() { return this.elementaryStreams.audio !== null; }
}

// Segments of five parts each, from number 7 on: "1" is loaded.
const listed = (text, duration) => text.split(' ').flatMap((one, i) => [...one].map((is, index) => new Part(7 + i, index, is === '1', duration)));
const asked = (text, sn, isWhole, duration) => neverAskedFor(listed(text, duration), sn, isWhole).map(({ fragment, index }) => `${fragment.sn}.${index}`).join(' ');

test('all of a segment that was loaded whole', () => assert.equal(asked('00000 00000 000', 8, true), '8.0 8.1 8.2 8.3 8.4'));
test('not those of another', () => assert.equal(asked('00000 00000 000', 6, true), ''));
test('the first, which a jump has left out', () => assert.equal(asked('00000 01000 000', 8, false), '8.0'));
test('two are asked for where they are wanted', () => assert.equal(asked('00000 00100 000', 8, false), ''));
test('two that are short are not', () => assert.equal(asked('00000 00100 000', 8, false, 0.09), '8.0 8.1'));
test('what comes next is asked for', () => assert.equal(asked('00000 11000 000', 8, false), ''));
test('nothing while none is loaded', () => assert.equal(asked('00000 00000 000', 8, false, 0.01), ''));
test('no list, no part', () => assert.deepEqual(neverAskedFor(null, 8, true), []));

// As hls.js has them: sound in its tracks, pictures in its levels.
function buffered(type, part) {
  const [sound, pictures] = [listed('00000 00000'), listed('00000 00000')];
  let heard = null;
  const hls = { on: (event, what) => { heard = event === 'buffered' ? what : null; }, audioTracks: [{}, { details: { partList: sound } }], levels: [{}, { details: { partList: pictures } }] };
  tellLoadedParts(hls, { FRAG_BUFFERED: 'buffered' });
  heard('buffered', { frag: { type, level: 1, sn: 8, elementaryStreams: { audio: SOUND } }, part });
  return [sound, pictures].map((parts) => parts.map((one) => (one.loaded ? '1' : '0')).join(''));
}

test('sound is told of sound', () => assert.deepEqual(buffered('audio', null), ['0000011111', '0000000000']));
test('and pictures of pictures', () => assert.deepEqual(buffered('main', null), ['0000000000', '0000011111']));
test('one that comes by parts is waited for', () => assert.deepEqual(buffered('audio', {}), ['0000000000', '0000000000']));
test('a track that has gone is nobody’s', () => {
  let heard = null;
  tellLoadedParts({ on: (_, what) => { heard = what; }, audioTracks: [], levels: [] }, { FRAG_BUFFERED: 'buffered' });
  heard('buffered', { frag: { type: 'audio', level: 1, sn: 8, elementaryStreams: {} }, part: null });
});
