"""How a shared page looks: light or dark as the reader's device is, narrow, wide and on paper. It fetches nothing."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --ground: #f7f5f2; --surface: #ffffff; --ink: #1d1b20; --soft: #57525e;
  --line: #e0dbd3; --accent: #5638b8; }
@media (prefers-color-scheme: dark) { :root { --ground: #141317; --surface: #1d1c21; --ink: #eeebf2;
  --soft: #b3adbd; --line: #35323b; --accent: #b9a6ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 400 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.02em; }
h2 { font-size: 19px; margin: 0 0 12px; }
h3 { font-size: 15px; margin: 16px 0 4px; }
p { margin: 0 0 8px; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 20px;
  margin-top: 20px; }
.lead { font-size: 18px; color: var(--soft); }
.soft { color: var(--soft); font-size: 14px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); gap: 14px 20px; margin: 0; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; font-weight: 560; font-variant-numeric: tabular-nums; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: 10px 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
audio, video, img { display: block; width: 100%; max-width: 520px; margin-top: 6px; border-radius: 6px; }
audio { height: 40px; }
pre { white-space: pre-wrap; font: 14px/1.5 ui-monospace, Menlo, Consolas, monospace; margin: 6px 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-top: 1px solid var(--line); font-weight: 400;
  vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
figure { margin: 0 0 20px; }
footer { margin-top: 20px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 14px; }
.tick { stroke: var(--line); stroke-width: 1; }
.curve { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
summary { cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
@media (max-width: 480px) { main { padding: 20px 12px 40px; } section { padding: 16px; } h1 { font-size: 25px; }
  svg text { font-size: 22px; } dl { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media print { :root { --ground: #fff; --surface: #fff; --ink: #000; --soft: #444; --line: #ccc; --accent: #333; }
  main { max-width: none; padding: 0; } section { break-inside: avoid; border-radius: 0; }
  audio, video { display: none; } }
"""

POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "img-src data:",
        "media-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""What a browser may do with the page: show what is in it. No script, no address, not even of this very file."""
