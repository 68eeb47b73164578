// The script of the SVG that stackflame writes: zoom, search, hover, keys. It works on the frames that are there:
// <rect data-n=NAME data-v=VALUE [data-b=BASE]>, a frame before those that stand on it, and these from left to right. The
// list of names says of each how much it has in frames that are not drawn. Values are BigInt: they have 64 bits.
'use strict';
(() => {
  const svg = document.currentScript.closest('svg');
  const part = (selector) => svg.querySelector(selector);
  const attributes = svg.dataset, rowHeight = Number(attributes.row), rows = Number(attributes.rows);
  const isIcicle = attributes.icicle === '1', byBase = attributes.byBase === '1';
  const hasBase = 'baseTotal' in attributes, unit = attributes.unit ? ' ' + attributes.unit : '';
  const expTotal = BigInt(attributes.total), baseTotal = BigInt(attributes.baseTotal || 0);
  const total = byBase ? baseTotal : expTotal;

  const names = part('.names').textContent.split('\n').filter((line) => line).map((line) => {
    const blank = line.indexOf(' ');
    return { text: line.slice(blank + 1), hidden: BigInt(line.slice(0, blank)) };
  });
  const frames = readFrames();
  let zoomed = frames[0], current = null, matches = null;

  // Each frame begins where the one to its left ends, the first where the frame below it begins.
  function readFrames() {
    const next = [0], below = [];
    return Array.from(svg.querySelectorAll('.frames rect'), (rect, index) => {
      const line = Math.round(Number(rect.getAttribute('y')) / rowHeight), row = isIcicle ? line : rows - 1 - line;
      const { n, v, b, m } = rect.dataset;
      const frame = { rect, index, row, end: index + 1, merged: Number(m || 0), name: n === undefined ? -1 : Number(n),
                      value: BigInt(v), base: BigInt(b || 0), parent: row > 0 ? below[row - 1] : null };
      frame.weight = byBase ? frame.base : frame.value;
      frame.start = next[row];
      frame.width = Number(frame.weight);
      next[row] = frame.start + frame.width;
      next[row + 1] = frame.start;
      below[row] = frame;
      for (let under = frame.parent; under; under = under.parent) under.end = index + 1;
      rect.frame = frame;
      return frame;
    });
  }

  // ---- words ----

  const withCommas = (count) => count.toString().replace(/\B(?=(\d{3})+$)/g, ',');
  const percent = (share, whole) => {
    const hundredths = whole > 0n ? (share * 20000n + whole) / (2n * whole) : 0n; // rounded half up
    return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')} %`;
  };
  const nameOf = (frame) => {
    if (frame.merged) return `(${withCommas(frame.merged)} frame${frame.merged === 1 ? '' : 's'} too narrow or too deep)`;
    return frame.name < 0 ? 'all' : names[frame.name].text;
  };
  const signed = (number, words) => (number > 0n ? '+' : number < 0n ? '-' : '') + words(number < 0n ? -number : number);

  function differenceOf(frame) {
    const shares = percent(frame.value, expTotal), baseShares = percent(frame.base, baseTotal);
    const scale = 1000000n;
    const points = (expTotal > 0n ? frame.value * scale / expTotal : 0n) - (baseTotal > 0n ? frame.base * scale / baseTotal : 0n);
    const absolute = attributes.normalized === '1' ? '' : signed(frame.value - frame.base, withCommas) + unit + ', ';
    const ofBase = frame.base > 0n ? '' : ', new in EXP';
    return `EXP ${withCommas(frame.value)} (${shares}), BASE ${withCommas(frame.base)} (${baseShares}): ` +
      `${absolute}${signed(points, (number) => percent(number, scale).replace(' %', ''))} points${ofBase}`;
  }
  function describe(frame) {
    if (hasBase) return `${differenceOf(frame)}: ${nameOf(frame)}`;
    const ofZoomed = zoomed.index > 0 ? `, ${percent(frame.weight, zoomed.weight)} of what is zoomed to` : '';
    return `${percent(frame.weight, total)}, ${withCommas(frame.weight)}${unit}${isWithin(frame, zoomed) ? ofZoomed : ''}: ${nameOf(frame)}`;
  }

  // ---- drawing ----

  // Characters from U+1100 on take two columns, roughly.
  const columnsOf = (character) => (character.codePointAt(0) >= 0x1100 && character !== '\ufffd' ? 2 : 1);
  function cut(text, columns) {
    let used = 0, kept = '';
    for (const character of text.slice(0, columns + 1)) {
      used += columnsOf(character);
      if (used > columns) break;
      kept += character;
    }
    if (kept.length === text.length) return text;
    const characters = Array.from(kept);
    for (used = 0; characters.length && used < 2;) used += columnsOf(characters.pop());
    return characters.join('') + '..';
  }
  function element(name, settings, text) {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const key in settings) made.setAttribute(key, settings[key]);
    if (text !== undefined) made.textContent = text;
    return made;
  }
  const ruler = part('.summary').cloneNode(false);
  function columnWidth() {
    ruler.textContent = 'm'.repeat(50);
    part('.head').append(ruler);
    const width = ruler.getComputedTextLength() / 50;
    ruler.remove();
    return width || 7.3;
  }
  const isWithin = (frame, outer) => frame.index >= outer.index && frame.index < outer.end;
  const isBelow = (frame, inner) => isWithin(inner, frame) && frame !== inner;
  const shareOf = (frame) => (isBelow(frame, zoomed) ? { x: 0, width: 1 }
    : { x: (frame.start - zoomed.start) / zoomed.width, width: Math.min(1, frame.width / zoomed.width) });

  function draw() {
    const pixels = svg.getBoundingClientRect().width, column = columnWidth(), labels = [];
    for (const frame of frames) {
      const below = isBelow(frame, zoomed), isShown = below || isWithin(frame, zoomed);
      frame.rect.style.display = isShown ? '' : 'none';
      if (!isShown) continue;
      const { x, width } = shareOf(frame);
      frame.rect.setAttribute('x', `${100 * x}%`);
      frame.rect.setAttribute('width', `${100 * width}%`);
      frame.rect.classList.toggle('below', below);
      const columns = Math.floor((width * pixels - 6) / column);
      if (columns < 3) continue;
      const kind = matches && matches.frames.has(frame) ? 'on-hit' : frame.merged ? 'on-merged' : '';
      labels.push(element('text', { x: `${100 * x}%`, dx: 3, y: Number(frame.rect.getAttribute('y')) + 11.5, class: kind },
        cut(frame.merged ? `(${withCommas(frame.merged)} frame${frame.merged === 1 ? '' : 's'})` : nameOf(frame), columns)));
    }
    part('.labels').replaceChildren(...labels);
    drawHead(pixels, column);
  }

  // The lines of the head are cut to the width there is; the parts of the legend go on in as many rows as they need.
  function drawHead(pixels, column) {
    for (const line of svg.querySelectorAll('.head > text'))
      line.textContent = cut(line.dataset.whole, Math.floor((pixels - 16) / (line.classList.contains('title') ? column * 4 / 3 : column)));
    let x = 8, y = 0;
    for (const entry of part('.legend').children) {
      const width = entry.getBBox().width + 18;
      if (x > 8 && x + width > pixels) [x, y] = [8, y + 17];
      entry.setAttribute('transform', `translate(${x} ${y})`);
      x += width;
    }
    const height = Number(attributes.head) + tools.height.baseVal.value + 4 + y;
    part('.legend').setAttribute('transform', `translate(0 ${height - y - 10})`);
    part('.head .page').setAttribute('height', height);
    for (const group of ['.frames', '.labels']) part(group).setAttribute('transform', `translate(0 ${height})`);
    svg.setAttribute('height', height + rows * rowHeight + 8);
  }
  const say = (words) => {
    part('.details').dataset.whole = words;
    const pixels = svg.getBoundingClientRect().width;
    part('.details').textContent = cut(words, Math.floor((pixels - 16) / columnWidth()));
  };

  // ---- zoom, hover ----

  function zoom(frame) {
    if (frame.merged) return;
    zoomed = frame;
    draw();
    show(frame);
  }
  function show(frame) {
    if (!frame.rect.firstChild) frame.rect.append(element('title', {}, describe(frame)));
    frame.rect.firstChild.textContent = describe(frame);
    say(describe(frame));
  }
  function select(frame) {
    if (!frame) return;
    if (current) current.rect.classList.remove('at');
    current = frame;
    frame.rect.classList.add('at');
    frame.rect.scrollIntoView({ block: 'nearest' });
    show(frame);
  }

  // ---- search ----

  // The value of all stacks that hold a frame whose name fits. One that stands on another is not counted again. What fits in
  // frames that are not drawn is known exactly for each name, but not what two names have in common: then there is a range.
  function search(fits) {
    const fitting = new Set(names.keys());
    names.forEach((name, index) => fits(name.text) || fitting.delete(index));
    const found = new Set();
    let value = 0n, notDrawn = 0n, coveredTo = 0;
    for (const frame of frames) {
      const isCovered = frame.index < coveredTo;
      if (frame.merged && !isCovered) notDrawn += frame.weight;
      if (!fitting.has(frame.name)) continue;
      found.add(frame);
      if (isCovered) continue;
      value += frame.weight;
      coveredTo = frame.end;
    }
    const hidden = Array.from(fitting, (index) => names[index].hidden).filter((amount) => amount > 0n);
    const sum = hidden.reduce((a, b) => a + b, 0n);
    const isExact = hidden.length === 0 || fitting.size === 1;
    const least = isExact ? value + sum : value;
    return { frames: found, names: fitting.size, least, most: isExact ? least : minimum(value + sum, total) };
  }
  const minimum = (a, b) => (a < b ? a : b);
  function escaped(text) { return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); }
  function predicate(text) {
    try {
      const pattern = new RegExp(text, 'iu');
      return (name) => pattern.test(name);
    } catch {
      return (name) => name.toLowerCase().includes(text.toLowerCase()); // as it is, where it is no regular expression
    }
  }
  function mark(text) {
    matches = text ? search(predicate(text)) : null;
    for (const frame of frames) frame.rect.classList.toggle('hit', matches !== null && matches.frames.has(frame));
    output.textContent = matches ? wordsOf(matches) : '';
    draw();
  }
  function wordsOf({ least, most, names: count }) {
    if (count === 0) return 'No name matches';
    const share = least === most ? percent(least, total) : `${percent(least, total)} to ${percent(most, total)}`;
    return `Matched ${share} of all (${withCommas(count)} name${count === 1 ? '' : 's'})`;
  }
  function searchFor(frame) {
    if (!frame || frame.name < 0) return;
    input.value = `^${escaped(names[frame.name].text)}$`;
    mark(input.value);
  }

  // ---- the tools, which are there where scripts run ----

  const tools = element('foreignObject', { x: 8, y: 72, width: '100%', height: 28 });
  const html = (name, settings) => Object.assign(document.createElementNS('http://www.w3.org/1999/xhtml', name), settings);
  const box = html('div', { className: 'tools' });
  const input = html('input', { type: 'search', placeholder: 'Search (regular expression)', ariaLabel: 'Search frames' });
  const reset = html('button', { textContent: 'Reset', title: 'Show all (Escape)' });
  const output = html('output');
  box.append(input, reset, output);
  tools.append(box);
  part('.head').append(tools);
  part('.details').setAttribute('role', 'status');
  const hint = 'Click zooms, Shift-click searches; keys: arrows, Enter, S, Escape, /';
  part('.frames').setAttribute('aria-label', 'Frames. ' + hint);
  part('.frames').setAttribute('role', 'application');

  function resetAll() {
    input.value = '';
    if (current) current.rect.classList.remove('at');
    current = null;
    zoomed = frames[0];
    mark('');
    say(hint);
  }

  const frameAt = (event) => event.target.frame;
  part('.frames').addEventListener('click', (event) => {
    const frame = frameAt(event);
    if (!frame) return;
    select(frame);
    if (event.shiftKey) searchFor(frame);
    else zoom(frame);
  });
  part('.frames').addEventListener('mouseover', (event) => frameAt(event) && show(frameAt(event)));
  part('.frames').addEventListener('mouseout', () => (current ? show(current) : say(hint)));
  input.addEventListener('input', () => mark(input.value));
  reset.addEventListener('click', resetAll);

  const isShown = (frame) => frame && frame.rect.style.display !== 'none';
  const beside = (frame, step) => {
    for (let i = frame.index + step; frames[i] && frames[i].row >= frame.row; i += step)
      if (frames[i].row === frame.row) return isShown(frames[i]) ? frames[i] : null;
    return null;
  };
  const inner = (frame) => (frame.end > frame.index + 1 ? frames[frame.index + 1] : null);
  const keys = {
    ArrowUp: () => select(isIcicle ? current.parent : inner(current)),
    ArrowDown: () => select(isIcicle ? inner(current) : current.parent),
    ArrowLeft: () => select(beside(current, -1)),
    ArrowRight: () => select(beside(current, 1)),
    Home: () => select(frames[0]),
    Enter: () => zoom(current),
    ' ': () => zoom(current),
    s: () => searchFor(current),
  };
  part('.frames').addEventListener('focus', () => current || select(zoomed));
  svg.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') resetAll();
    else if (event.target === input || event.target === reset) return;
    else if (event.key === '/') input.focus();
    else if (keys[event.key]) {
      if (!current) select(zoomed);
      keys[event.key]();
    } else return;
    event.preventDefault();
  });

  // A graph that is alone in its window is as wide as it, and its head stays in sight.
  if (svg === document.documentElement) {
    svg.setAttribute('width', '100%');
    addEventListener('keydown', (event) => event.key === '/' && event.target !== input && (input.focus(), event.preventDefault()));
    for (const moved of ['scroll', 'resize'])
      addEventListener(moved, () => part('.head').setAttribute('transform', `translate(0 ${scrollY})`));
  }
  addEventListener('resize', draw);
  say(hint);
  draw();
  if (svg === document.documentElement && !isIcicle) scrollTo(0, document.documentElement.scrollHeight); // to the root
})();
