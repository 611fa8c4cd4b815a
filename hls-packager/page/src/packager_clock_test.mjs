// Which of the packager's answers the page's clock goes by.

import assert from 'node:assert/strict';
import test from 'node:test';

import { PackagerClock } from './packager_clock.mjs';

function after(...answers) {
  const clock = new PackagerClock();
  answers.forEach(([offset, tookMs], i) => clock.take({ offset, tookMs }, i * 30_000));
  return clock.offset;
}

test('the first answer is better than none, however slow', () => assert.equal(after([1_540, 3_000]), 1_540));
test('a better one takes its place', () => assert.equal(after([1_540, 3_000], [42, 10]), 42));
test('one that was held up does not', () => assert.equal(after([42, 10], [1_540, 3_000]), 42));
test('a clock that was set is followed at once', () => {
  assert.equal(after([42, 10], [20_042, 12]), 20_042);
  assert.equal(after([42, 10], [-20_000, 3_000]), -20_000);
});
test('what drifts is followed in the end', () => assert.equal(after([42, 10], ...Array(10).fill([50, 12])), 50));
