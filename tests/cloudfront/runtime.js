// Runs CloudFront Functions: a JSON object a line in, a JSON object a line out.
// In: {code, event, rawQuery, runs, longest}. Out: {output, error, utilization, logs}.
'use strict';
const vm = require('vm');
const ALLOWED = 1.0; // ms that a function may take
const RUN = new vm.Script(`(() => {
  const event = JSON.parse(given);
  event.request.rawQueryString = () => rawQuery;
  Object.defineProperty(event.request, 'rawQueryString', { enumerable: false });
  const start = clock();
  const result = handler(event);
  took(clock() - start);
  return JSON.stringify('statusCode' in result ? { response: result } : { request: result });
})()`);
const scripts = new Map();

function run(asked) {
  if (!scripts.has(asked.code)) {
    scripts.set(asked.code, new vm.Script(asked.code, { filename: 'function.js' }));
  }
  const logs = [];
  const console = { log: (...words) => logs.push(words.join(' ')) };
  const times = [];
  const context = vm.createContext({
    console,
    given: asked.event,
    rawQuery: asked.rawQuery,
    clock: () => performance.now(),
    took: (time) => times.push(time),
  });
  scripts.get(asked.code).runInContext(context, { timeout: asked.longest });
  let output;
  for (let each = 0; each < asked.runs; each++) {
    output = RUN.runInContext(context, { timeout: asked.longest });
  }
  const utilization = Math.max(1, Math.round((100 * Math.min(...times)) / ALLOWED));
  return { output, utilization: Math.min(utilization, 100), error: '', logs: logs };
}

require('readline')
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    let answer;
    try {
      answer = run(JSON.parse(line));
    } catch (error) {
      const late = error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      const told = late ? 'The function exceeded the compute limit.' : `${error}`;
      answer = { output: '', utilization: late ? 100 : 1, error: told, logs: [] };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  });
