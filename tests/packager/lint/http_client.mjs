// HTTP as a test needs it: targets go out as they are written, heads are seen as they came, and when each came is known.

import http from 'node:http';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';

const AGENTS = {
  'http:': new http.Agent({ keepAlive: true, maxSockets: 64 }),
  // Servers under test sign for themselves.
  'https:': new https.Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false }),
};

export class RequestError extends Error {}

// `target` is a path that is sent as it is; without it the URL's own. Gives { status, headers, body, text, pieces, firstByteAt, endAt }.
export function request(url, { method = 'GET', headers = {}, target = null, timeoutMs = 15_000, signal = undefined } = {}) {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const module = protocol === 'https:' ? https : http;
  const options = { agent: AGENTS[protocol], hostname: hostname.replace(/^\[|\]$/g, ''), port, method, headers, path: target ?? pathname + search, signal };
  return new Promise((resolve, reject) => {
    const fail = (error) => reject(new RequestError(`${method} ${url}: ${error.message}`));
    const sentAt = performance.now();
    const sent = module.request(options, (response) => collect(response, sentAt, resolve, fail));
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`nothing for ${timeoutMs} ms`)));
    sent.on('error', fail);
    sent.end();
  });
}

function collect(response, sentAt, resolve, fail) {
  const headAt = performance.now();
  const pieces = [];
  response.on('data', (bytes) => pieces.push({ bytes, at: performance.now() }));
  response.on('error', fail);
  response.on('end', () => {
    const body = Buffer.concat(pieces.map((piece) => piece.bytes));
    const isGzip = response.headers['content-encoding'] === 'gzip';
    resolve({
      status: response.statusCode, headers: response.headers, body, pieces, sentAt, headAt, endAt: performance.now(),
      get text() { return (isGzip ? gunzipSync(body) : body).toString('utf8'); },
    });
  });
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
export function closeIdle() { for (const agent of Object.values(AGENTS)) agent.destroy(); }
