// Drives a flame graph in a browser as a person would, and writes what is then seen as lines "NAME: VALUE" into the
// document, which the browser prints. Steps are lines of the element <desc id="steps">: a word, a blank, its argument.
(async () => {
  const svg = document.documentElement;
  const said = [];
  const names = svg.querySelector('.names').textContent.split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
  const rects = Array.from(svg.querySelectorAll('.frames rect'));
  const frameOf = (name) => rects.find((rect) => name === 'all' ? !rect.dataset.n && !rect.dataset.m : names[rect.dataset.n] === name);
  const input = () => svg.querySelector('input');
  const settle = () => new Promise((done) => setTimeout(done, 0));

  // What lies on top of the middle of a frame gets the click, as from a mouse.
  function click(rect, settings) {
    rect.scrollIntoView({ block: 'center' });
    const place = rect.getBoundingClientRect();
    const x = place.left + place.width / 2, y = place.top + place.height / 2;
    const target = document.elementFromPoint(x, y);
    for (const type of ['mouseover', 'click'])
      target.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: x, clientY: y, ...settings }));
  }
  const press = (key) => (document.activeElement || svg).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const steps = {
    click: (name) => click(frameOf(name)),
    'shift-click': (name) => click(frameOf(name), { shiftKey: true }),
    search: (text) => { input().value = text; input().dispatchEvent(new Event('input')); },
    focus: () => svg.querySelector('.frames').focus(),
    press,
    reset: () => svg.querySelector('button').click(),
    // The part of the whole width that a frame takes on the screen; 0 where it is not shown.
    width: (name) => {
      const share = frameOf(name).getBoundingClientRect().width / svg.getBoundingClientRect().width;
      said.push(`width ${Math.round(share * 1e6)} ${name}`);
    },
    label: (name) => {
      const rect = frameOf(name);
      const label = Array.from(svg.querySelectorAll('.labels text'))
        .find((text) => text.getAttribute('x') === rect.getAttribute('x') && Number(text.getAttribute('y')) === Number(rect.getAttribute('y')) + 11.5);
      const fits = label && label.getComputedTextLength() <= rect.getBoundingClientRect().width;
      said.push(`label ${label ? (fits ? 'fits ' : 'TOO LONG ') + label.textContent : 'none'}`);
    },
    matched: () => said.push(`matched ${svg.querySelector('output').textContent}`),
    details: () => said.push(`details ${svg.querySelector('.details').dataset.whole}`),
    hits: () => said.push(`hits ${svg.querySelectorAll('.hit').length}`),
    focused: () => said.push(`focused ${document.activeElement.localName}`),
    elements: () => said.push(`elements ${svg.querySelectorAll('.names *, .labels text *, script[src], image, a').length}`),
  };
  try {
    for (const step of svg.querySelector('#steps').textContent.split('\n').filter((line) => line)) {
      const blank = step.indexOf(' ');
      steps[blank < 0 ? step : step.slice(0, blank)](blank < 0 ? '' : step.slice(blank + 1));
      await settle();
    }
  } catch (error) {
    said.push(`ERROR ${error}`);
  }
  const result = document.createElementNS('http://www.w3.org/2000/svg', 'desc');
  result.setAttribute('id', 'said');
  result.textContent = '\n' + said.join('\n') + '\nend\n';
  svg.append(result);
})();
