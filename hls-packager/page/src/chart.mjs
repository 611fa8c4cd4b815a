// A number that changes, and the line of its last minute.

const SPAN = 60;  // Values that are kept: one a second.
const WIDTH = 120;
const HEIGHT = 40;
const SVG = 'http://www.w3.org/2000/svg';

function shape(className) {
  const made = document.createElementNS(SVG, 'path');
  if (className) made.setAttribute('class', className);
  return made;
}

export class Chart {
  // `least`: what the axis reaches at least. `say` makes text of a value.
  constructor(parent, title, { least, say }) {
    Object.assign(this, { title, least, say, values: [] });
    const figure = document.createElement('figure');
    figure.className = 'chart';
    const caption = document.createElement('figcaption');
    caption.textContent = title;
    this.output = document.createElement('output');
    this.output.setAttribute('aria-live', 'off');
    this.output.textContent = '–';
    this.svg = document.createElementNS(SVG, 'svg');
    this.svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.setAttribute('role', 'img');
    [this.under, this.goal, this.line] = [shape('under'), shape('goal'), shape('')];
    this.svg.append(this.under, this.goal, this.line);
    figure.append(caption, this.output, this.svg);
    parent.append(figure);
  }

  // `value` for the line, null for a hole in it; `shown` stands beside it; `goal` is a dashed line.
  push(value, { shown = value, goal = null } = {}) {
    this.values.push(value);
    if (this.values.length > SPAN) this.values.shift();
    this.output.textContent = shown === null ? '–' : this.say(shown);
    this.draw(goal);
  }

  draw(goal) {
    const known = this.values.filter((value) => value !== null);
    const top = Math.max(this.least, goal ?? 0, ...known) * 1.1;
    const y = (value) => (HEIGHT - (value / top) * HEIGHT).toFixed(1);
    const x = (i) => ((WIDTH * (SPAN - this.values.length + i)) / (SPAN - 1)).toFixed(1);
    let path = '';
    let wasHole = true;
    this.values.forEach((value, i) => {
      if (value !== null) path += `${wasHole ? 'M' : 'L'}${x(i)} ${y(value)}`;
      wasHole = value === null;
    });
    this.line.setAttribute('d', path);
    const isWhole = known.length === this.values.length && known.length > 1;
    this.under.setAttribute('d', isWhole ? `${path}L${WIDTH} ${HEIGHT}L${x(0)} ${HEIGHT}Z` : '');
    this.goal.setAttribute('d', goal === null ? '' : `M0 ${y(goal)}H${WIDTH}`);
    const range = known.length > 0 ? `between ${this.say(Math.min(...known))} and ${this.say(Math.max(...known))} in the last minute` : 'nothing yet';
    this.svg.setAttribute('aria-label', `${this.title}: ${range}`);
  }
}
