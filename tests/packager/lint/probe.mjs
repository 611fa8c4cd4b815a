#!/usr/bin/env node
// Asks the origin of a live presentation what players, caches and strangers ask, and holds its answers against the
// requirements. One line a probe; the last line is `N passed, N failed, N skipped`. Exits 1 when one failed.
//
//   probe.mjs http://localhost:8080/live/main/index.m3u8
//   probe.mjs URL --only H-3
//   probe.mjs URL --dash                an MPD that is missing is a fault, not a reason to skip
//   probe.mjs URL --h2                  over HTTP/2

import { parseArgs } from 'node:util';

import { closeIdle, request, speakH2 } from './http_client.mjs';
import { readMultivariant, renditions } from './multivariant_rules.mjs';
import { PROBES, Presentation, Skip } from './probes.mjs';

async function tried(rule, probe, it) {
  const name = `${rule} ${probe.name.replace(/([A-Z])/g, ' $1').toLowerCase()}`;
  try {
    await probe(it);
    return ['ok', name];
  } catch (error) {
    return error instanceof Skip ? ['skip', `${name}  ${error.message}`] : ['FAIL', `${name}  ${error.message}`];
  }
}

async function main() {
  const { values, positionals: [url] } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string', default: '' }, dash: { type: 'boolean', default: false }, h2: { type: 'boolean', default: false } },
  });
  if (!url) throw new Error('which presentation? probe.mjs http://localhost:8080/live/NAME/index.m3u8');
  if (values.h2) speakH2();
  const response = await request(url);
  if (response.status !== 200) throw new Error(`${url} is answered with ${response.status}`);
  const [rendition] = renditions(readMultivariant(response.text));
  const it = new Presentation(url, new URL(rendition.uri, url).href, values.dash);
  const counts = { ok: 0, FAIL: 0, skip: 0 };
  for (const [rule, probe] of PROBES.filter(([one]) => one.startsWith(values.only))) {
    const [verdict, line] = await tried(rule, probe, it);
    ++counts[verdict];
    console.log(`${verdict.padEnd(4)} ${line}`);
  }
  console.log(`${counts.ok} passed, ${counts.FAIL} failed, ${counts.skip} skipped`);
  return counts.FAIL > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`probe.mjs: ${error.message}`);
  process.exitCode = 2;
}
closeIdle();
