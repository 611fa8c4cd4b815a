// Real browsers, and where the players are: on our page, or on one of its own for shaka, a stranger that our page does not have.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import http from 'node:http';

const CHROMIUM = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows', '--mute-audio'];

// Each gives { version, open(url, script), close() }; `script` runs in the page before anything else does. Both browsers' pages have
// evaluate(), screenshot() and close() alike.
export const BROWSERS = {
  async chromium(require) {
    const browser = await require('playwright-core').chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM });
    // `prepare` gets the window before anything is asked for.
    const open = async (url, script, options = {}, prepare = () => {}) => {
      // A window each: what stands behind another is shown twice a second.
      const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1000, height: 800 }, ...options });
      prepare(context);
      const page = await context.newPage();
      await page.addInitScript(script);
      await page.goto(url, { waitUntil: 'commit' });
      return page;
    };
    return { version: browser.version(), open, close: () => browser.close() };
  },
  async firefox(require) {
    const browser = await require('puppeteer-core').launch({
      browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, acceptInsecureCerts: true,
      extraPrefsFirefox: { 'media.autoplay.default': 0, 'media.volume_scale': '0.0' },
    });
    const open = async (url, script) => {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(script);
      await page.goto(url, { waitUntil: 'domcontentloaded' });
      return page;
    };
    return { version: await browser.version(), open, close: () => browser.close() };
  },
};

const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
const WEBKIT_PORT = 4555;

// W3C WebDriver, as far as is needed.
async function drive(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${WEBKIT_PORT}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`WebKitWebDriver ${path}: ${value.message || value.error}`);
  return value;
}

// One page; `script` runs when it is there, not before, and its players are found all the same.
BROWSERS.webkit = async () => {
  const words = ['-a', '-s', '-screen 0 1280x900x24', 'dbus-run-session', '--', 'WebKitWebDriver', `--port=${WEBKIT_PORT}`];
  // A sandbox of its own needs rights that containers do not give.
  const env = { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };
  const driver = spawn('xvfb-run', words, { env, stdio: 'ignore', detached: true });
  for (let tries = 0; !await drive('GET', '/status').catch(() => null); ++tries) {
    if (tries > 100) throw new Error('WebKitWebDriver does not answer');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  const options = { 'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] } };
  const { sessionId, capabilities } = await drive('POST', '/session', { capabilities: { alwaysMatch: options } });
  const run = (text) => drive('POST', `/session/${sessionId}/execute/sync`, { script: text, args: [] });
  const open = async (url, script) => {
    await drive('POST', `/session/${sessionId}/url`, { url });
    await run(script);
    return { evaluate: (it) => run(`return (${it})()`) };
  };
  const close = async () => {
    await drive('DELETE', `/session/${sessionId}`).catch(() => {});
    process.kill(-driver.pid, 'SIGTERM');
  };
  return { version: capabilities.browserVersion, open, close };
};

// As whoever uses shaka does it: after a critical error, or when nothing moves, it loads again.
async function serveShaka(require, manifest) {
  const html = `<!doctype html><meta charset="utf-8"><title>shaka</title><script src="/shaka.js"></script><video muted autoplay></video><script>
    (async () => {
      const video = document.querySelector('video');
      const player = new shaka.Player();
      let movedAt = performance.now();
      let isLost = false;
      const heard = (error) => {
        isLost ||= error.severity !== 1;
        watched.errors.push((isLost ? 'fatal ' : '') + 'shaka ' + (error.code ?? error.message));
      };
      const load = async () => {
        isLost = false;
        ++watched.made;
        await player.load(${JSON.stringify(manifest)}).then(() => video.play()).catch(heard);
        movedAt = performance.now();
      };
      video.addEventListener('timeupdate', () => { movedAt = performance.now(); });
      player.addEventListener('error', ({ detail }) => heard(detail));
      player.configure({ streaming: { lowLatencyMode: true } });
      await player.attach(video);
      await load();
      for (;;) {
        await new Promise((resolve) => { setTimeout(resolve, 2000); });
        if (isLost || (!video.ended && performance.now() - movedAt > 10000)) await load();
      }
    })().catch((error) => watched.errors.push('fatal shaka ' + error.message));
  </script>`;
  const shaka = await readFile(require.resolve('shaka-player/dist/shaka-player.compiled.js'));
  const server = http.createServer((request, response) => {
    const isScript = request.url === '/shaka.js';
    response.writeHead(isScript || request.url === '/' ? 200 : 404, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? shaka : html);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  server.unref();
  return `http://127.0.0.1:${server.address().port}/`;
}

export async function addressOf(require, player, { base, name }) {
  if (player === 'shaka') return serveShaka(require, `${base}/live/${name}/index.m3u8`);
  return `${base}/play/${name}?player=${player}`;
}

// Ends a script that has a story played: `told`, which the story fills, is its one line, also of one that fails; `standing` says how it stood then.
export async function tell(browser, told, story, standing) {
  await story().catch(async (error) => { Object.assign(told, { failed: error.message, last: await standing() }); });
  console.log(JSON.stringify(told));
  await browser.close();
  process.exit(0);
}
