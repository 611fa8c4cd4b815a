// Chromium plays an encrypted stream with hls.js, dash.js or shaka and its own ClearKey. Prints JSON:
//
//   { time, pictures, licences, keys, errors, browser }     how far it came; of hls.js under how many keys
//
// examples:
//   encrypted.mjs --modules DIR --players DIR --player hls --base http://127.0.0.1:8080 --name live/main --pictures 240

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { BROWSERS } from './open.mjs';

const STRING = { type: 'string' };
const { values: words } = parseArgs({ options: { modules: STRING, players: STRING, player: STRING, base: STRING, name: STRING, pictures: STRING } });
const SHAKA = 'shaka-player/dist/shaka-player.compiled.js';
const FILES = { hls: 'hls.js/dist/hls.js', dash: 'dashjs/dist/modern/umd/dash.all.min.js', shaka: SHAKA, 'shaka-hls': SHAKA };

// As docs/packager.md has it for people.
const PLAY = {
  hls: (base, name) => {
    const keyIds = (id) => new TextEncoder().encode(JSON.stringify({ kids: [btoa(String.fromCharCode(...id)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')] })).buffer;
    // hls.js takes keys of "identity" before others, and cannot decrypt MP4 with them.
    class PlaylistLoader extends Hls.DefaultConfig.loader {
      load(context, config, callbacks) {
        const onSuccess = (response, ...more) => {
          response.data = response.data.replace(/^#EXT-X-KEY:.*KEYFORMAT="identity"\n/gm, '');
          callbacks.onSuccess(response, ...more);
        };
        super.load(context, config, { ...callbacks, onSuccess });
      }
    }
    const hls = new Hls({
      pLoader: PlaylistLoader,
      emeEnabled: true,
      drmSystems: { 'org.w3.clearkey': {
        licenseUrl: `${base}/live/${name}/licence.json`,
        generateRequest: (type, data, context) => ({ initDataType: 'keyids', initData: keyIds(context.decryptdata.keyId) }),
      } },
      licenseXhrSetup: (xhr, url) => { ++seen.licences; xhr.open('GET', url); },
    });
    hls.on(Hls.Events.ERROR, (_, { details, fatal, error }) => { if (fatal || !/stalled|seek/i.test(details)) seen.errors.push(`${details} ${error?.message}`); });
    hls.on(Hls.Events.FRAG_CHANGED, (_, { frag }) => seen.ids.add(frag.decryptdata?.keyId?.join() ?? 'none'));
    hls.loadSource(`${base}/live/${name}/index.m3u8`);
    hls.attachMedia(video);
  },
  dash: (base, name) => {
    const player = dashjs.MediaPlayer().create();
    player.registerLicenseRequestFilter(async (request) => { ++seen.licences; request.method = 'GET'; request.headers = {}; request.url = new URL(request.url, base).href; });
    player.on('error', ({ error }) => seen.errors.push(`${error.code} ${error.message}`));
    player.initialize(video, `${base}/live/${name}/manifest.mpd`, true);
  },
  shaka: (base, name) => startShaka(base, `/live/${name}/manifest.mpd`),
  'shaka-hls': (base, name) => startShaka(base, `/live/${name}/index.m3u8`),
};

// In the page.
async function startShaka(base, path) {
  const player = new shaka.Player();
  player.addEventListener('error', ({ detail }) => seen.errors.push(`${detail.code} ${detail.message}`));
  player.configure({ streaming: { lowLatencyMode: true } });
  player.getNetworkingEngine().registerRequestFilter((type, request) => {
    if (type !== shaka.net.NetworkingEngine.RequestType.LICENSE) return;
    ++seen.licences;
    Object.assign(request, { method: 'GET', body: null, uris: request.uris.map((uri) => new URL(uri, base).href) });
  });
  await player.attach(video);
  await player.load(base + path).then(() => video.play()).catch((error) => seen.errors.push(`${error.code} ${error.message}`));
}

const html = `<!doctype html><meta charset="utf-8"><title>encrypted</title><script src="/player.js"></script><video muted autoplay></video><script>
  const video = document.querySelector('video');
  const seen = { errors: [], licences: 0, ids: new Set() };
  globalThis.look = () => ({ time: video.currentTime, pictures: video.getVideoPlaybackQuality().totalVideoFrames, licences: seen.licences, keys: seen.ids.size,
    errors: seen.errors, is_encrypted: video.mediaKeys !== null });
  ${startShaka};
  (${PLAY[words.player]})(${JSON.stringify(words.base)}, ${JSON.stringify(words.name)});
</script>`;

const script = await readFile(path.join(words.player.startsWith('shaka') ? words.modules : words.players, FILES[words.player]));
const server = http.createServer((request, response) => {
  const isScript = request.url === '/player.js';
  response.writeHead(isScript || request.url === '/' ? 200 : 404, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
  response.end(isScript ? script : html);
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });

const browser = await BROWSERS.chromium(createRequire(path.join(words.modules, 'package.json')));
try {
  const page = await browser.open(`http://127.0.0.1:${server.address().port}/`, '');
  let looked = {};
  for (const until = Date.now() + 60_000; Date.now() < until;) {
    await new Promise((resolve) => { setTimeout(resolve, 250); });
    looked = await page.evaluate(() => globalThis.look?.() ?? {});
    if (looked.pictures >= Number(words.pictures) || looked.errors?.length > 3) break;
  }
  console.log(JSON.stringify({ ...looked, browser: browser.version }));
} finally {
  await browser.close();
  server.close();
}
