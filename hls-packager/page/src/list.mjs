// The list of streams. It looks again every few seconds, and changes only what has changed, so that whoever is tabbing
// through it stays where they are.

import { undecoded } from './can_play.mjs';
import { takePoster } from './poster.mjs';
import { fetchStreams, formatText, playPath, stateText } from './streams.mjs';

const AGAIN_MS = 4_000;
const list = document.querySelector('#streams');
const said = document.querySelector('#said');
const cards = new Map();

function element(name, className, text = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function makeCard(name) {
  const item = document.createElement('li');
  const link = element('a', 'stream');
  link.href = playPath(name);
  const poster = element('canvas', 'poster');
  poster.width = 480;
  poster.height = 270;
  poster.setAttribute('aria-hidden', 'true');
  const text = document.createElement('div');
  const [title, state, format] = [element('strong', '', name), element('span', 'state'), element('small', '')];
  text.append(title, state, format);
  link.append(poster, text);
  item.append(link);
  return { item, poster, state, format, hasPoster: false };
}

// By hls.js, which leaves out what it cannot play all of.
const canPlayHere = (stream) => Object.values(undecoded(stream)).flat().length === 0;

const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };

function show(card, stream) {
  set(card.state, stateText(stream.state));
  card.state.dataset.state = stream.state;
  set(card.format, formatText(stream));
  if (stream.state !== 'live' || card.hasPoster || !canPlayHere(stream)) return;
  card.hasPoster = true;
  takePoster(stream, card.poster).catch(() => { card.hasPoster = false; });
}

function showAll(streams) {
  for (const [name, card] of cards) {
    if (streams.some((one) => one.name === name)) continue;
    card.item.remove();
    cards.delete(name);
  }
  for (const stream of streams) {
    if (!cards.has(stream.name)) {
      cards.set(stream.name, makeCard(stream.name));
      list.append(cards.get(stream.name).item);
    }
    show(cards.get(stream.name), stream);
  }
  set(said, streams.length === 0 ? 'The packager has no streams. They are named in its settings, or on its command line.' : '');
}

async function refresh() {
  try {
    showAll(await fetchStreams());
  } catch {
    set(said, 'The packager does not answer. This page keeps trying.');
  }
  setTimeout(refresh, AGAIN_MS);
}

refresh();
