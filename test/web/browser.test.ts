// The page as its users have it, in a real browser.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

import type { Tool } from 'llama-ts';
import { hasShared, sharedPath } from '../support/shared';
import { chromiumPath, Stage, type Asked } from './stage';

const inBrowser = (name: string, run: () => Promise<void>): void => {
  if (chromiumPath === undefined) test.skip(`${name} (skipped: there is no Chromium)`, run);
  else test(name, run);
};

let stage: Stage;
const asked: string[] = []; // of the server's tool
const weather = {
  description: 'The weather in a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  run: ({ city }: { city: string }) => {
    asked.push(city);
    return `7 degrees in ${city}`;
  },
} as Tool;
beforeAll(async () => {
  if (chromiumPath !== undefined) stage = await Stage.open({ tools: { weather } });
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});
afterEach(() => {
  if (stage) expect(stage.problems.splice(0)).toEqual([]);
});

const box = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const answers = (page: Page) => page.getByRole('article', { name: /^Answer/ });

async function say(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await box(page).press('Enter');
}

/** Asks, and gives the request that a test answers. */
async function ask(page: Page, text: string): Promise<Asked> {
  const next = stage.next();
  await say(page, text);
  return next;
}

/** A question and its whole answer. */
async function told(page: Page, question: string, answer: string): Promise<Asked> {
  const asked = await ask(page, question);
  asked.text(answer);
  asked.end();
  await page.getByText('40 tokens').last().waitFor();
  return asked;
}

inBrowser('a model answers', async () => {
  const page = await stage.page();
  await say(page, 'Once upon a time there was a fox');
  await button(page, /tokens\/s/).waitFor();
  expect((await answers(page).textContent())?.length).toBeGreaterThan(20);
  await page.context().close();
});

inBrowser('an answer is shown while it comes, and what was said goes along with the next question', async () => {
  const page = await stage.page();
  const asked = await ask(page, 'My word is zebra.');
  expect(asked.body).toMatchObject({ model: 'story', stream: true, messages: [{ role: 'user', content: 'My word is zebra.' }] });
  await page.getByText('Waiting for the server').waitFor();
  for (const word of ['One', ' **two**', ' three']) {
    asked.text(word);
    await answers(page).getByText(word.replace(/[ *]/g, ''), { exact: false }).first().waitFor();
  }
  expect(await answers(page).locator('strong').textContent()).toBe('two');
  expect(await box(page).inputValue()).toBe('');
  asked.end();
  const second = await told(page, 'What is my word?', 'zebra');
  expect(second.body.messages).toEqual([
    { role: 'user', content: 'My word is zebra.' },
    { role: 'assistant', content: 'One **two** three' },
    { role: 'user', content: 'What is my word?' },
  ]);
  await page.context().close();
});

inBrowser('an answer is stopped, goes on, and another question can be asked', async () => {
  const page = await stage.page();
  const asked = await ask(page, 'Tell me much');
  asked.text('Much and');
  await answers(page).getByText('Much and').waitFor();
  await button(page, 'Stop').click();
  await asked.closed;
  await page.getByText('Stopped.').waitFor();
  const next = stage.next();
  await button(page, 'Continue').click();
  const going = await next;
  expect(going.body.messages.at(-1)).toEqual({ role: 'assistant', content: 'Much and' });
  going.text(' more.');
  going.end();
  await answers(page).getByText('Much and more.').waitFor();
  await told(page, 'And now?', 'Now this.');
  expect(await answers(page).count()).toBe(2);
  await page.context().close();
});

inBrowser('questions are edited and answers made anew, side by side, and none is lost', async () => {
  const page = await stage.page();
  await told(page, 'First question', 'First answer');
  let next = stage.next();
  await button(page, 'Regenerate').click();
  let asked = await next;
  expect(asked.body.messages).toEqual([{ role: 'user', content: 'First question' }]);
  asked.text('Second answer');
  asked.end();
  await page.getByText('2 of 2').waitFor();
  await button(page, 'Previous version').click();
  await answers(page).getByText('First answer').waitFor();
  await button(page, 'Side by side').click();
  const both = page.getByRole('region', { name: 'Side by side' });
  expect(await both.getByText(/answer$/).allInnerTexts()).toEqual(['First answer', 'Second answer']);
  await both.getByRole('button', { name: 'Go on with this one' }).last().click();
  await answers(page).getByText('Second answer').waitFor();

  await page.getByRole('article', { name: 'You' }).hover();
  await button(page, 'Edit').click();
  const field = page.getByRole('textbox', { name: 'Edit message' });
  expect(await field.inputValue()).toBe('First question');
  await field.fill('Better question');
  next = stage.next();
  await button(page, 'Save and answer anew').click();
  asked = await next;
  expect(asked.body.messages).toEqual([{ role: 'user', content: 'Better question' }]);
  asked.text('Better answer');
  asked.end();
  await answers(page).getByText('Better answer').waitFor();
  await page.getByRole('article', { name: 'You' }).getByRole('button', { name: 'Previous version' }).click();
  await answers(page).getByText('Second answer').waitFor();
  await page.context().close();
});

inBrowser('history outlasts the page, and files of it can be made and read', async () => {
  const page = await stage.page({ acceptDownloads: true });
  await told(page, 'Remember the heron', 'I *will*');
  const open = await ask(page, 'Half an');
  open.text('Half an answer');
  await answers(page).getByText('Half an answer').waitFor();
  await page.reload();
  await open.closed;
  await page.getByText('The page was closed before the answer was finished.').waitFor();
  expect(await answers(page).first().locator('em').textContent()).toBe('will');

  const download = page.waitForEvent('download');
  await button(page, 'Export all').click();
  const path = await (await download).path();
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ version: 1, conversations: [{ title: 'Remember the heron' }] });
  const entries = page.getByRole('navigation', { name: 'Conversations' }).getByRole('listitem');
  await button(page, 'Delete “Remember the heron”').click();
  await entries.waitFor({ state: 'detached' });
  await button(page, 'Undo').click();
  await entries.waitFor();
  await page.locator('input[type=file]').setInputFiles(path);
  await page.getByText('Imported 1 conversation.').waitFor();
  expect(await entries.count()).toBe(2);
  await page.locator('input[type=file]').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"format":"else"}') });
  await page.getByText('no conversations of this page').waitFor();

  await button(page, 'New conversation').first().click();
  await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
  await page.getByRole('searchbox').fill('heron');
  expect(await entries.count()).toBe(2);
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('Nothing found.').waitFor();
  await page.goBack();
  await answers(page).first().waitFor();
  await page.context().close();
});

const hostile = [
  '<script>window.hit=1</script><img src=x onerror="window.hit=2"><svg onload="window.hit=3"></svg>',
  '<iframe srcdoc="<script>parent.hit=4</script>"></iframe><style>body{display:none}</style>',
  '',
  '[one](javascript:window.hit=5) [two](data:text/html,hi) ![three](https://evil.example/leak.png)',
  '',
  '<form action="https://evil.example"><input name=q></form> $\\text{<img src=x onerror=window.hit=6>}$',
  '',
  '| <script>window.hit=7</script> | b |\n|---|---|\n| <img src=x onerror=window.hit=8> | c |',
  '',
  '```"><script>window.hit=9</script>\n<script>window.hit=10</script>\n```',
  '',
  'The end.',
].join('\n');

inBrowser('a hostile answer is inert, as are hostile questions, titles and files', async () => {
  const page = await stage.page();
  await told(page, `<img src=x onerror="window.hit=20"> ${hostile}`, hostile);
  await page.getByText('The end.').last().waitFor();
  const found = await page.evaluate(() => ({
    hit: (window as unknown as { hit?: number }).hit,
    elements: [...document.querySelectorAll('.log script, .log iframe, .log img, .log svg[onload], .log style, .log form, .log input')].length,
    handlers: [...document.querySelectorAll('*')].filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on'))).length,
    links: [...document.querySelectorAll('.log a')].map((link) => [link.getAttribute('href'), link.getAttribute('rel')]),
    shown: getComputedStyle(document.body).display,
  }));
  expect(found).toEqual({ hit: undefined, elements: 0, handlers: 0, links: [['https://evil.example/leak.png', 'noopener noreferrer']], shown: 'block' });
  await page.reload();
  await page.getByText('The end.').last().waitFor();
  expect(await page.evaluate(() => (window as unknown as { hit?: number }).hit)).toBeUndefined();
  await page.context().close();
});

inBrowser('what goes wrong is told where it does, and nothing is lost', async () => {
  const page = await stage.page();
  let asked = await ask(page, 'A question');
  asked.fail(503, 'the queue is full of herons', { 'retry-after': '7' });
  await page.getByText('it asks to wait 7 seconds').waitFor();
  await page.getByText('the queue is full of herons').waitFor();
  let next = stage.next();
  await button(page, 'Try again').click();
  asked = await next;
  expect(asked.body.messages).toEqual([{ role: 'user', content: 'A question' }]);
  asked.text('Half');
  await answers(page).getByText('Half').waitFor();
  asked.cut();
  await page.getByText('The connection broke').waitFor();
  expect(await answers(page).textContent()).toContain('Half');
  next = stage.next();
  await button(page, 'Try again').click();
  asked = await next;
  asked.text('Whole');
  asked.end();
  await answers(page).getByText('Whole').waitFor();
  await page.context().setOffline(true);
  await button(page, 'Regenerate').click();
  await page.getByText('The server does not answer.').first().waitFor();
  await page.context().setOffline(false);
  await told(page, 'Another', 'Well');
  expect(await page.getByRole('article', { name: 'You' }).count()).toBe(2);
  await page.context().close();
});

inBrowser('the key is asked for, kept as the user wants, and sent', async () => {
  await using guarded = await Stage.open({ apiKeys: ['a-key-of-the-test'], adminKeys: ['a-key-for-managing'] });
  const page = await guarded.page();
  const dialog = page.getByRole('dialog', { name: 'The server asks for a key.' });
  const field = dialog.getByRole('textbox').or(dialog.getByLabel('API key'));
  await field.fill('wrong');
  await field.press('Enter');
  await field.waitFor();
  await field.fill('a-key-for-managing');
  await field.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await say(page, 'Once');
  await button(page, /tokens\/s/).waitFor();
  await page.reload();
  await answers(page).waitFor();
  expect(await page.evaluate(() => [sessionStorage.getItem('llama-ts.key'), localStorage.getItem('llama-ts.key')])).toEqual(['a-key-for-managing', null]);
  await button(page, 'Settings').click();
  await page.getByRole('tab', { name: 'Models' }).click();
  await button(page, 'Unload story').click();
  await button(page, 'Load story').click();
  await button(page, 'Unload story').waitFor();
  expect(guarded.problems).toEqual([]);
});

inBrowser('the keyboard alone', async () => {
  const page = await stage.page();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  const focused = () => page.evaluate(() => document.activeElement?.id);
  for (let i = 0; i < 25 && (await focused()) !== 'message'; i++) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const of = (each: Element | null) => (each ? `${getComputedStyle(each).outlineStyle} ${getComputedStyle(each).boxShadow}` : '');
      if (element === document.body) return 'the beginning of the page';
      return element.id === 'message' ? of(element.parentElement) : of(element);
    });
    expect(outline).not.toMatch(/^none none$/);
  }
  expect(await focused()).toBe('message');
  const next = stage.next();
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  const asked = await next;
  expect(asked.body.messages).toEqual([{ role: 'user', content: 'one\ntwo' }]);
  asked.text('Going on');
  await answers(page).getByText('Going on').waitFor();
  await page.keyboard.press('Escape');
  await asked.closed;
  await page.getByText('Stopped.').waitFor();

  const again = stage.next();
  await page.keyboard.press('Alt+r');
  const second = await again;
  second.text('Another');
  second.end();
  await page.getByText('2 of 2').waitFor();
  await page.keyboard.press('Alt+PageUp');
  await page.getByText('1 of 2').waitFor();
  await page.keyboard.press('Alt+e');
  await page.keyboard.type(' changed');
  await page.keyboard.press('Escape');
  expect(await focused()).toBe('message');
  await page.keyboard.press('Alt+s');
  await page.getByRole('dialog', { name: 'Settings' }).waitFor();
  await page.getByRole('tab', { name: 'Answer' }).focus();
  await page.keyboard.press('ArrowRight');
  expect(await page.getByRole('tab', { name: 'JSON Schema' }).getAttribute('aria-selected')).toBe('true');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Alt+k');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+n');
  await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
  await page.context().close();
});

inBrowser('those who listen are told what is said, by whole sentences', async () => {
  const page = await stage.page();
  const status = page.locator('div[role=status][aria-live=polite]');
  const asked = await ask(page, 'Speak');
  await status.getByText('The answer is being written.').waitFor({ state: 'attached' });
  asked.text('A whole sentence. And a ha');
  await answers(page).getByText('And a ha').waitFor();
  expect(await status.textContent()).not.toContain('And a ha');
  asked.text('lf.');
  asked.end();
  await status.getByText('The answer is finished.').waitFor({ state: 'attached' });
  expect(await status.textContent()).toContain('And a half.');
  await page.context().close();
});

inBrowser('tools of the server run when they may, and the answer goes on', async () => {
  const page = await stage.page();
  await button(page, 'Settings').click();
  await page.getByRole('tab', { name: 'Tools' }).click();
  await page.getByRole('checkbox', { name: 'Offer the tools of the server' }).check();
  await page.getByText('The weather in a city.').waitFor();
  await page.keyboard.press('Escape');
  const calls = (of: Asked, city: string): void => {
    of.say({ tool_calls: [{ index: 0, id: city, type: 'function', function: { name: 'weather', arguments: JSON.stringify({ city }) } }] });
    of.end('tool_calls');
  };
  const first = await ask(page, 'Is it warm?');
  expect(first.body.tools).toMatchObject([{ type: 'function', function: { name: 'weather', description: 'The weather in a city.' } }]);
  calls(first, 'Bern');
  const refused = stage.next();
  await button(page, 'Do not run').click();
  const second = await refused;
  expect(second.body.messages.at(-1)).toMatchObject({ role: 'tool', tool_call_id: 'Bern', content: 'Error: the user did not allow this call' });
  calls(second, 'Oslo');
  const ran = stage.next();
  await button(page, 'Run').click();
  const third = await ran;
  expect(third.body.messages.at(-1)).toMatchObject({ role: 'tool', tool_call_id: 'Oslo', content: '7 degrees in Oslo' });
  calls(third, 'Rome');
  const always = stage.next();
  await button(page, 'Always run').click();
  const fourth = await always;
  const unasked = stage.next();
  calls(fourth, 'Lyon'); // without a question
  const fifth = await unasked;
  expect(fifth.body.messages.at(-1)).toMatchObject({ tool_call_id: 'Lyon', content: '7 degrees in Lyon' });
  fifth.text('It is cool.');
  fifth.end();
  await page.getByText('It is cool.', { exact: true }).waitFor();
  expect(asked).toEqual(['Oslo', 'Rome', 'Lyon']);
  await page.context().close();
});

inBrowser('settings go along, and reasoning, calls, formulas, times and tables are shown', async () => {
  const page = await stage.page();
  await button(page, 'Settings').click();
  await page.getByRole('textbox', { name: 'System prompt' }).fill('Be brief.');
  await page.getByRole('textbox', { name: 'temperature' }).fill('0.25');
  await page.getByRole('textbox', { name: 'top_k' }).fill('-7');
  await page.getByText('Expected a number from 0 to ∞.').waitFor();
  await page.getByRole('textbox', { name: 'top_k' }).fill('7');
  await page.getByRole('tab', { name: 'Tools' }).click();
  await button(page, 'An example').click();
  await page.keyboard.press('Escape');
  let asked = await ask(page, 'Weather?');
  expect(asked.body).toMatchObject({ temperature: 0.25, top_k: 7, tools: [{ function: { name: 'get_weather' } }] });
  expect(asked.body.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  asked.say({ reasoning_content: 'I should ask the tool.' });
  asked.say({ tool_calls: [{ index: 0, id: 'call1', type: 'function', function: { name: 'get_weather', arguments: '{"place":"Rome"}' } }] });
  asked.end('tool_calls');
  await page.getByText('Calls get_weather').waitFor();
  expect(await page.getByText('I should ask the tool.').isVisible()).toBe(false);
  await page.getByText('Reasoning', { exact: true }).click();
  expect(await page.getByText('I should ask the tool.').isVisible()).toBe(true);
  await page.getByRole('textbox', { name: /Result to give back/ }).fill('sunny');
  const next = stage.next();
  await button(page, 'Give results').click();
  asked = await next;
  expect(asked.body.messages.slice(-2)).toMatchObject([{ tool_calls: [{ id: 'call1' }] }, { role: 'tool', tool_call_id: 'call1', content: 'sunny' }]);
  asked.text('It is $x^2$ warm.\n\n|a|b|\n|-|-|\n|1|2|');
  asked.end();
  await page.locator('math msup').waitFor();
  expect(await page.getByRole('cell').allInnerTexts()).toEqual(['1', '2']);
  await button(page, /^40 tokens/)
    .last()
    .click();
  await page.getByText('10 tokens, 1 of them known already').waitFor();
  await page.context().close();
});

inBrowser('German, by the browser and by the switch', async () => {
  const page = await stage.page({ locale: 'de-AT' });
  await page.getByRole('heading', { name: 'Was möchten Sie wissen?' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
  await button(page, 'Einstellungen').click();
  await page.getByRole('tab', { name: 'Seite' }).click();
  await page.getByLabel('Sprache').selectOption('en');
  await page.getByRole('dialog', { name: 'Settings' }).waitFor();
  await page.getByLabel('Colours').selectOption('dark');
  const luminance = await page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]));
  expect(luminance).toBeLessThan(60);
  await page.context().close();
});

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  run(within: string, options: object): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }>;
}

async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: Axe }).axe.run(document.querySelector('dialog[open]') ? 'dialog' : 'html', { resultTypes: ['violations'] }),
  );
  const found = violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes[0]?.target} ${nodes[0]?.failureSummary}`);
  expect(found).toEqual([]);
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect([where, wide]).toEqual([where, Math.min(wide ?? 0, room ?? 0)]);
}

const long = `# A heading\n\nText with \`code\`, a [link](https://example.com) and ${'x'.repeat(300)}\n\n- [x] done\n\n> said\n\n\`\`\`js\nlet a = 1; // ${'long '.repeat(40)}\n\`\`\`\n\n|a|b|\n|-|-|\n|${'wide '.repeat(30)}|2|\n\n$$\\sum_{i=1}^n ${'x + '.repeat(60)} x$$`;

for (const width of [390, 820, 1440]) {
  // What lies where depends on the width alone and what colour it has on the theme: dark, the narrow layout and the wide one.
  for (const colorScheme of width === 820 ? (['light'] as const) : (['light', 'dark'] as const)) {
    inBrowser(`axe finds nothing: ${width} wide, ${colorScheme}`, async () => {
      const page = await stage.page({
        viewport: { width, height: 900 },
        colorScheme,
        bypassCSP: true,
        ...(width === 390 && { isMobile: true, hasTouch: true }),
      });
      await page.evaluate(axe);
      await expectAccessible(page, 'empty');
      const token = (text: string) => ({
        token: text,
        logprob: -0.7,
        bytes: [],
        top_logprobs: [
          { token: text, logprob: -0.7 },
          { token: 'else', logprob: -1 },
        ],
      });
      let asked = await ask(page, 'A question that is rather long, so that it takes more than one line on a phone');
      asked.say({ reasoning_content: 'hm' });
      asked.say({ content: long }, { logprobs: { content: [token('A'), token(' token'), token('\n')] } });
      asked.end('length');
      await page.locator('math').waitFor();
      await button(page, /^40 tokens/).click();
      await expectAccessible(page, 'an answer');
      await page
        .getByRole('article', { name: /^Answer/ })
        .getByRole('button', { name: 'Probabilities' })
        .click();
      await page.getByRole('listbox', { name: 'Tokens of the answer' }).getByRole('option').first().focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tooltip').textContent()).toMatch(/token\s*50%\s*else\s*37%/);
      await expectAccessible(page, 'probabilities');
      const next = stage.next();
      await button(page, 'Regenerate').click();
      asked = await next;
      asked.fail(429, 'too many', { 'retry-after': '1' });
      await page.getByText('too many').waitFor();
      await expectAccessible(page, 'a failure');
      await button(page, 'Side by side').click();
      await expectAccessible(page, 'side by side');
      await button(page, 'One at a time').click();
      for (const name of ['Answer', 'JSON Schema', 'Tools', 'Models', 'Page']) {
        if (name === 'Answer') await button(page, 'Settings').click();
        await page.getByRole('tab', { name }).click();
        if (name === 'Answer') await page.getByText('More samplers').click();
        if (name === 'JSON Schema') await button(page, 'A list').click();
        await expectAccessible(page, name);
      }
      await page.keyboard.press('Escape');
      await page.keyboard.press('Alt+k');
      await expectAccessible(page, 'keys');
      await page.keyboard.press('Escape');
      if (width < 900) {
        await button(page, 'Show conversations').click();
        await expectAccessible(page, 'conversations');
      }
      await page.context().close();
    });
  }
}

const chatModel = 'models/SmolLM2-135M-Instruct-Q4_1.gguf';
const withChatModel = hasShared(chatModel)
  ? inBrowser
  : (name: string, run: () => Promise<void>) => test.skip(`${name} (skipped: ../shared/${chatModel} is absent)`, run);

withChatModel('a real chat: two answers side by side, their tokens, and one bound to a schema', async () => {
  await using real = await Stage.open({ model: { path: sharedPath(chatModel), name: 'smollm2', load: { contextTokens: 2048 } } });
  const page = await real.page();
  await button(page, 'Settings').click();
  await page.getByLabel('Answers to each question').selectOption('2');
  await page.getByLabel('Ask for the probabilities of tokens').check();
  await page.getByRole('textbox', { name: 'max_tokens' }).fill('12');
  await page.keyboard.press('Escape');
  await say(page, 'Name a bird.');
  const both = page.getByRole('region', { name: 'Side by side' });
  await both
    .getByText(/ tokens/)
    .nth(1)
    .waitFor();
  await both.getByRole('button', { name: 'Go on with this one' }).first().click();
  await answers(page).getByRole('button', { name: 'Probabilities' }).click();
  expect(await page.getByRole('listbox', { name: 'Tokens of the answer' }).getByRole('option').count()).toBeGreaterThan(0);
  await page.getByRole('listbox', { name: 'Tokens of the answer' }).getByRole('option').first().hover();
  expect(await page.getByRole('tooltip').getByRole('row').count()).toBeGreaterThanOrEqual(6);

  await button(page, 'Settings').click();
  await page.getByLabel('Answers to each question').selectOption('1');
  await page.getByRole('textbox', { name: 'max_tokens' }).fill('');
  await page.getByRole('tab', { name: 'JSON Schema' }).click();
  await button(page, 'A choice').click();
  await page.keyboard.press('Escape');
  await say(page, 'Is water wet?');
  const code = answers(page).last().locator('pre');
  await answers(page)
    .last()
    .getByText(/ tokens/)
    .waitFor();
  expect(['yes', 'no', 'unsure']).toContain((JSON.parse((await code.textContent()) ?? '') as { answer: string }).answer);
  expect(real.problems).toEqual([]);
});
