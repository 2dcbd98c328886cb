#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of the README from the real thing: loop.svg from a demo that has just been played, verdict.svg
from the output of the README's `analyze` command. Run it from the root of the sources after ./run build."""

import html
import json
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / 'build' / 'release' / 'bin'
HERE = Path(__file__).resolve().parent
FONT = "font-family='DejaVu Sans Mono, Menlo, Consolas, monospace'"
SANS = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"


def analyze_command():
    for line in (ROOT / 'README.md').read_text().splitlines():
        if line.startswith('$ insightloop analyze'):
            return line[2:]
    sys.exit('README.md has no analyze command')


def write_terminal(command, output):
    """The command and its output as in a terminal window."""
    lines = textwrap.wrap('$ ' + command, 118, subsequent_indent='    ') + [''] + output.rstrip().splitlines()
    width, height = 24 + 7.83 * max(map(len, lines)), 46 + 18 * len(lines)
    text = ''.join(
        f"<text x='14' y='{44 + 18 * i}' {FONT} font-size='13' fill='{'#9ecbff' if line.startswith('$') else '#e6edf3'}'"
        f" xml:space='preserve'>{html.escape(line)}</text>\n" for i, line in enumerate(lines))
    (HERE / 'verdict.svg').write_text(
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height}'"
        f" viewBox='0 0 {width:.0f} {height}' role='img'><title>{html.escape(lines[0])}</title>\n"
        f"<rect width='100%' height='100%' rx='8' fill='#0d1117'/>"
        "<circle cx='16' cy='15' r='5' fill='#ff5f56'/><circle cx='34' cy='15' r='5' fill='#ffbd2e'/>"
        f"<circle cx='52' cy='15' r='5' fill='#27c93f'/>\n{text}</svg>\n")


class Demo:
    """A demo that has been played, with its server still up."""

    def __enter__(self):
        self.process = subprocess.Popen([BIN / 'insightloop-demo'], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            found = re.search(r'stays up at (\S+:\d+)', line)
            if found:
                self.server = found[1]
                return self
        sys.exit('the demo ended before it said where its server is')

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def get(self, *arguments):
        run = subprocess.run([BIN / 'insightloop', '--server', self.server, '--json', *arguments], check=True,
                             stdout=subprocess.PIPE, text=True)
        return json.loads(run.stdout)


def percent(number):
    return f'{100 * number:+.1f} %'


def loop_boxes(demo):
    """Title, text and colour of each station of the loop."""
    experiment = demo.get('experiments', 'list')['experiments'][0]
    hypothesis = demo.get('hypotheses', 'get', experiment['hypothesis'])
    insight = demo.get('insights', 'get', hypothesis['insights'][0])
    verdict = demo.get('verdicts', 'get', experiment['finalVerdict'])
    learned = demo.get('insights', 'get', experiment['insight'])
    best = next(r for r in verdict['results']
                if r['role'] == 'PRIMARY' and r.get('variant') == verdict.get('shipVariant') and not r.get('segment'))
    units = int(verdict['maturedUnits'])
    return [
        ('insight', insight['statement'], '#8250df'),
        ('hypothesis', f"If {hypothesis['ifAction']}, then {hypothesis['thenOutcome']}", '#0969da'),
        ('experiment', ' · '.join(v['variantId'] for v in experiment['variants']), '#1a7f37'),
        ('facts', f'{units:,} customers whose windows have closed', '#9a6700'),
        ('verdict', f"{verdict['decision']} {verdict.get('shipVariant', '')}: {percent(best['relativeLift'])}"
         f" [{percent(best['relativeInterval']['lower'])}, {percent(best['relativeInterval']['upper'])}]", '#cf222e'),
        ('new insight', learned['statement'], '#8250df'),
    ]


def write_loop(boxes):
    """Three stations to the right, three back to the left, and the arrow that closes the loop."""
    width, height, box_w, box_h = 960, 352, 280, 118
    places = [(20 + 320 * i, 20) for i in range(3)] + [(20 + 320 * i, 190) for i in (2, 1, 0)]
    parts = []
    for (title, text, colour), (x, y) in zip(boxes, places):
        lines = textwrap.wrap(text, 38)[:4]
        if len(textwrap.wrap(text, 38)) > 4:
            lines[-1] = lines[-1][:36] + '…'
        parts.append(f"<rect x='{x}' y='{y}' width='{box_w}' height='{box_h}' rx='10' fill='#ffffff' stroke='{colour}'"
                     f" stroke-width='2'/><text x='{x + 14}' y='{y + 26}' {SANS} font-size='15' font-weight='bold'"
                     f" fill='{colour}'>{html.escape(title)}</text>")
        parts += [f"<text x='{x + 14}' y='{y + 48 + 17 * i}' {SANS} font-size='12' fill='#1f2328'>{html.escape(line)}</text>"
                  for i, line in enumerate(lines)]
    arrow = "<path d='{}' fill='none' stroke='#57606a' stroke-width='2' marker-end='url(#tip)'/>"
    for i in range(2):
        parts.append(arrow.format(f'M {300 + 320 * i} 79 h 34'))
        parts.append(arrow.format(f'M {660 - 320 * i} 249 h -34'))
    parts.append(arrow.format('M 800 138 v 46'))
    parts.append(arrow.format('M 160 190 v -46'))
    parts.append(f"<text x='172' y='170' {SANS} font-size='12' fill='#57606a'>becomes the next hypothesis</text>")
    (HERE / 'loop.svg').write_text(
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height - 24}' viewBox='0 0 {width} {height - 24}'"
        " role='img'><title>insight, hypothesis, experiment, facts, verdict, new insight</title>"
        "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='8' markerHeight='8' orient='auto'>"
        "<path d='M 0 0 L 8 4 L 0 8 z' fill='#57606a'/></marker></defs>"
        f"<rect width='100%' height='100%' fill='#f6f8fa'/>\n{chr(10).join(parts)}\n</svg>\n")


def main():
    command = analyze_command()
    output = subprocess.run(['bash', '-c', command], cwd=ROOT, env={'PATH': f'{BIN}:/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'},
                            check=True, stdout=subprocess.PIPE, text=True).stdout
    write_terminal(command, output)
    with Demo() as demo:
        write_loop(loop_boxes(demo))


main()
