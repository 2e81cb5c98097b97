// node pages.cjs SCREENSHOTS PAGE…: opens each page in Chromium, light and dark, at 1400 and 390 pixels, and fails unless
// it is drawn, can be read, and can be used from the keyboard. Pictures go to the folder SCREENSHOTS unless that is "".
'use strict';
const path = require('path');
const {chromium} = require('playwright-core');

const [screenshots, ...pages] = process.argv.slice(2);
const faults = [];
const fail = (where, what) => faults.push(`${where}: ${what}`);

// Runs in the page before its script: remembers which colours words and curves are drawn in.
const record = () => {
  window.drawn = {words: new Set(), curves: new Set()};
  const proto = CanvasRenderingContext2D.prototype;
  const words = proto.fillText;
  proto.fillText = function (...args) { window.drawn.words.add(this.fillStyle); return words.apply(this, args); };
  const stroke = proto.stroke;
  proto.stroke = function (...args) {
    // A path of its own is a curve; lines of the grid are drawn without.
    if (args.length > 0) window.drawn.curves.add(this.strokeStyle);
    return stroke.apply(this, args);
  };
};

// In the page: every text that has too little contrast to what it stands on.
const pale = () => {
  const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const solid = (colour) => { const c = parse(colour); return c.length === 3 || c[3] === 1 ? c : null; };
  const back = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = solid(getComputedStyle(at).backgroundColor);
      if (colour && parse(getComputedStyle(at).backgroundColor)[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const below = (text) => {
    const box = text.getBoundingClientRect();
    text.scrollIntoView({block: 'center', inline: 'center'});
    const at = text.getBoundingClientRect();
    const under = document.elementsFromPoint(at.left + at.width / 2, at.top + at.height / 2);
    for (const element of under) {
      if (element === text || element.tagName === 'text' || !(element instanceof SVGElement)) continue;
      const colour = getComputedStyle(element).fill;
      if (element.tagName === 'rect' && colour !== 'none' && solid(colour)) return solid(colour);
    }
    return back(text);
  };
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || ['SCRIPT', 'STYLE', 'TITLE', 'title'].includes(element.tagName)) continue;
    if (element.getClientRects().length === 0) continue;
    const svg = element instanceof SVGElement;
    const colour = parse(svg ? getComputedStyle(element).fill : getComputedStyle(element).color);
    const ratio = contrast(colour, svg ? below(element) : back(element));
    if (ratio < 4.5) out.push(`"${node.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
  const card = parse(getComputedStyle(document.querySelector('figure') || document.body).backgroundColor);
  const rgb = (hex) => (hex.startsWith('#') ? [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) : parse(hex));
  for (const colour of [...window.drawn.words, ...window.drawn.curves])
    if (contrast(rgb(colour), card) < 4.5) out.push(`${colour} on a canvas ${contrast(rgb(colour), card).toFixed(2)}`);
  return out.slice(0, 8);
};

// In the page: charts whose canvas is empty, or without the table of their points.
const undrawn = () => [...document.querySelectorAll('figure.chart')].flatMap((figure) => {
  const name = figure.querySelector('figcaption').textContent;
  const canvas = figure.querySelector('canvas');
  if (!canvas) return [`${name} has no canvas`];
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 0 ? 1 : 0;
  const rows = figure.querySelectorAll('table.data tbody tr').length;
  return [...(inked < 500 ? [`${name} is empty`] : []), ...(rows === 0 ? [`${name} has no table`] : [])];
});

const picture = (page) => page.evaluate(() => {
  const canvas = document.querySelector('figure.chart canvas');
  return canvas ? canvas.toDataURL() : '';
});

// Whether the first chart becomes another picture, however slow the machine is.
const becomes_another = (page, before) => page.waitForFunction((old) => {
  const canvas = document.querySelector('figure.chart canvas');
  return canvas && canvas.toDataURL() !== old;
}, before, {timeout: 20000}).then(() => true, () => false);

async function look(browser, file, scheme, width) {
  const name = path.basename(path.dirname(file)), where = `${name}, ${scheme}, ${width} pixels`;
  const page = await browser.newPage({colorScheme: scheme, viewport: {width, height: 1000}});
  page.on('console', (message) => { if (message.type() === 'error') fail(where, `console: ${message.text()}`); });
  page.on('pageerror', (error) => fail(where, `error: ${error.message}`));
  page.on('request', (request) => { if (!request.url().startsWith('file:')) fail(where, `asks for ${request.url()}`); });
  await page.addInitScript(record);
  await page.goto(`file://${path.resolve(file)}`);
  for (const what of await page.evaluate(undrawn)) fail(where, what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) fail(where, `scrolls sideways by ${wide} pixels`);
  if (screenshots) await page.screenshot({path: `${screenshots}/${name}-${scheme}-${width}.png`, fullPage: true});
  for (const what of await page.evaluate(pale)) fail(where, `can hardly be read: ${what}`);
  return {page, where};
}

async function use({page, where}) {
  const plot = page.locator('figure.chart .plot').first();
  if (await plot.count() === 0) return;
  await plot.focus();
  const readout = page.locator('figure.chart .readout').first();
  const said = [];
  for (const key of ['Home', 'ArrowRight', 'End']) {
    await page.keyboard.press(key);
    said.push(await readout.textContent());
  }
  if (said.some((text) => !text) || new Set(said).size < 2) fail(where, `keys read no points: ${said.join(' | ')}`);
  const before = await picture(page);
  await page.keyboard.press('+');
  if (!await becomes_another(page, before)) fail(where, '+ does not zoom');
  await page.keyboard.press('Escape');
  const link = page.locator('[data-link][tabindex]').last();
  if (await link.count() > 0) {
    await link.focus();
    await page.keyboard.press('Enter');
    const chosen = await page.locator('.choose select').inputValue();
    if (chosen !== await link.getAttribute('data-link')) fail(where, `a link of the picture does not choose its series: ${chosen}`);
  }
  const sorted = page.locator('table.sort th button').nth(1);
  if (await sorted.count() > 0) {
    await sorted.click();
    if (await page.locator('table.sort th[aria-sort=descending]').count() === 0) fail(where, 'a table does not sort');
  }
}

// Another theme, and paper, are drawn anew; paper is light.
async function redraw({page, where}) {
  const light = await picture(page);
  await page.emulateMedia({colorScheme: 'dark'});
  if (light && !await becomes_another(page, light)) fail(where, 'a change of theme does not redraw');
  await page.emulateMedia({media: 'print', colorScheme: 'dark'});
  const back = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--card').trim());
  if (back !== '#ffffff') fail(where, `paper is ${back}`);
  for (const what of await page.evaluate(undrawn)) fail(where, `on paper: ${what}`);
  const paper = await page.pdf({format: 'A4'});
  if (paper.length < 5000) fail(where, 'prints nothing');
}

(async () => {
  const browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox']});
  for (const file of pages)
    for (const scheme of ['light', 'dark'])
      for (const width of [1400, 390]) {
        const open = await look(browser, file, scheme, width);
        if (width === 1400 && scheme === 'light') {
          await use(open);
          await redraw(open);
        }
        await open.page.close();
      }
  await browser.close();
  for (const fault of faults) console.error(fault);
  console.log(`${pages.length} pages, ${faults.length} faults`);
  process.exit(faults.length === 0 ? 0 : 1);
})();
