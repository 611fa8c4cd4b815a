// HTTP as a test needs it: targets go out as they are written, heads are seen as they came, and when each came is known.
// HTTP/1.1, or HTTP/2 from speakH2() on: under TLS by ALPN, in the clear from the first byte.

import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';

const AGENTS = {
  'http:': new http.Agent({ keepAlive: true, maxSockets: 64 }),
  // Servers under test sign for themselves.
  'https:': new https.Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false }),
};
const STREAMS_MOST = 30;  // Of one connection: RFC 9113 advises servers to allow 100, ours allows 32.
const connections = new Map();  // HTTP/2's by origin, each with how many of its streams are under way.
let isH2 = false;

export class RequestError extends Error {}

export function speakH2() { isH2 = true; }

// `target` is a path that is sent as it is; without it the URL's own. Gives { version, status, headers, body, text, pieces, sentAt, headAt, endAt }.
export function request(url, options = {}) {
  const wanted = { method: 'GET', headers: {}, target: null, timeoutMs: 15_000, signal: undefined, ...options };
  return new Promise((resolve, reject) => {
    const fail = (error) => reject(new RequestError(`${wanted.method} ${url}: ${error.message}`));
    const sent = (isH2 ? sendH2 : sendH1)(new URL(url), wanted, resolve, fail);
    sent.setTimeout(wanted.timeoutMs, () => sent.destroy(new Error(`nothing for ${wanted.timeoutMs} ms`)));
    sent.on('error', fail);
    sent.end();
  });
}

function sendH1({ protocol, hostname, port, pathname, search }, { method, headers, target, signal }, resolve, fail) {
  const module = protocol === 'https:' ? https : http;
  const options = { agent: AGENTS[protocol], hostname: hostname.replace(/^\[|\]$/g, ''), port, method, headers, path: target ?? pathname + search, signal };
  const sentAt = performance.now();
  return module.request(options, (response) => {
    response.on('error', fail);
    collect(response, { version: '1.1', status: response.statusCode, headers: response.headers, sentAt }, resolve);
  });
}

function sendH2({ origin, pathname, search }, { method, headers, target, signal }, resolve, fail) {
  const connection = connectionTo(origin);
  const sentAt = performance.now();
  const stream = connection.session.request({ ':method': method, ':path': target ?? pathname + search, ...headers }, { signal, endStream: true });
  ++connection.streams;
  stream.on('close', () => {
    --connection.streams;
    fail(new Error('its stream was closed before it was answered'));
  });
  stream.on('response', ({ ':status': status, ...fields }) => collect(stream, { version: '2', status, headers: fields, sentAt }, (response) => {
    // One that is reset ends as well.
    if (stream.rstCode === http2.constants.NGHTTP2_NO_ERROR) resolve(response);
    else fail(new Error(`its stream was reset with ${stream.rstCode}`));
  }));
  return stream;
}

function connectionTo(origin) {
  const all = connections.get(origin) ?? [];
  connections.set(origin, all);
  const free = all.find((one) => one.streams < STREAMS_MOST);
  if (free) return free;
  const opened = { session: http2.connect(origin, { rejectUnauthorized: false }), streams: 0 };
  const forget = () => { if (all.includes(opened)) all.splice(all.indexOf(opened), 1); };
  for (const event of ['error', 'goaway', 'close']) opened.session.on(event, forget);  // Streams tell what was wrong.
  all.push(opened);
  return opened;
}

function collect(readable, head, resolve) {
  const headAt = performance.now();
  const pieces = [];
  readable.on('data', (bytes) => pieces.push({ bytes, at: performance.now() }));
  readable.on('end', () => {
    const body = Buffer.concat(pieces.map((piece) => piece.bytes));
    const isGzip = head.headers['content-encoding'] === 'gzip';
    resolve({ ...head, body, pieces, headAt, endAt: performance.now(), get text() { return (isGzip ? gunzipSync(body) : body).toString('utf8'); } });
  });
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
export function closeIdle() {
  for (const agent of Object.values(AGENTS)) agent.destroy();
  for (const { session } of [...connections.values()].flat()) session.destroy();
}
