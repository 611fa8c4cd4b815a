// Makes the page of src/ and of the packages that package-lock.json pins: index.html, play.html, and assets/, whose names
// change with their contents. scripts/page.sh runs it.
//
//   node build.mjs OUT

import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = process.env.FANLIGHT_PAGE_SOURCE ?? path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2]);
const assets = path.join(out, 'assets');
const PAGES = { 'index.html': 'list', 'play.html': 'play' };

const options = {
  absWorkingDir: here,
  entryPoints: ['src/list.mjs', 'src/play.mjs', 'src/style.css', 'src/mark.svg'],
  bundle: true, minify: true, format: 'esm', splitting: true, target: ['es2020'], outdir: assets,
  entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]',
  loader: { '.svg': 'copy' }, legalComments: 'none', metafile: true, logLevel: 'warning',
  nodePaths: process.env.FANLIGHT_PAGE_MODULES ? [process.env.FANLIGHT_PAGE_MODULES] : [],
};

// Where each entry went, by its source's name.
function placesOf(metafile) {
  const places = {};
  for (const [file, { entryPoint }] of Object.entries(metafile.outputs))
    if (entryPoint) places[path.basename(entryPoint)] = `/assets/${path.basename(file)}`;
  // What is copied is no entry of its own to esbuild.
  for (const file of Object.keys(metafile.outputs)) if (file.endsWith('.svg')) places['mark.svg'] = `/assets/${path.basename(file)}`;
  return places;
}

async function writePages(places) {
  for (const [page, script] of Object.entries(PAGES)) {
    const text = await readFile(path.join(here, 'src', page), 'utf8');
    const filled = text.replace(/\{\{([\w.]+)\}\}/g, (_, name) => {
      const place = places[name];
      if (!place) throw new Error(`${page} names ${name}, which is not built`);
      return place;
    });
    if (!filled.includes(places[`${script}.mjs`])) throw new Error(`${page} does not load ${script}.mjs`);
    await writeFile(path.join(out, page), filled);
  }
}

// Their licences go with the players.
async function writeLicences() {
  const { dependencies } = JSON.parse(await readFile(path.join(here, 'package.json'), 'utf8'));
  const texts = [];
  for (const name of Object.keys(dependencies)) {
    const folder = path.join(process.env.FANLIGHT_PAGE_MODULES ?? path.join(here, 'node_modules'), name);
    const file = (await readdir(folder)).find((one) => /^licen[sc]e/i.test(one));
    if (file) texts.push(`${name}\n\n${await readFile(path.join(folder, file), 'utf8')}`);
    else throw new Error(`${name} comes without a licence`);
  }
  const text = texts.join('\n\n----\n\n');
  const file = `licences-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.txt`;
  await writeFile(path.join(assets, file), text);
  return `/assets/${file}`;
}

await rm(out, { recursive: true, force: true });
await mkdir(assets, { recursive: true });
const { metafile } = await build(options);
await writePages({ ...placesOf(metafile), 'licences.txt': await writeLicences() });
