"""`python -m pod_image.control stop|save|sample|copy|abort`: what `exec` runs in the pod, to instruct the agent.

`python -m pod_image.control run -- COMMAND...` asks the agent nothing: it runs a command beside the run.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from pathlib import Path

from pydantic import ValidationError

from pod_image.agent import visiting
from pod_image.agent.hardening import forbid_reading
from pod_image.agent.system import run_folder
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.paths import RunFolder
from pod_image.contract.whole_file import write_whole

RUN = "run"
BAD_INSTRUCTION = 2
NO_AGENT = 3


def main(arguments: list[str] | None = None, folder: Path | None = None) -> int:
    """Drop one instruction for the agent; prints a receipt, or why there is none, as JSON. Returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == [RUN]:
        return visiting.main(words[1:], RunFolder(folder or run_folder()))
    given = _parser().parse_args(words)
    instruction_id = given.id or f"cmd-{uuid.uuid4().hex[:12]}"
    try:
        instruction = Instruction(
            id=instruction_id,
            command=InstructionName(given.command),
            text=given.text,
            speaker=given.said_by,
            nonce=given.attempt,
        )
    except ValidationError:
        return _refuse(
            "the id is letters, digits and dashes, the attempt a nonce, the text at most 500 letters, the speaker 200",
            BAD_INSTRUCTION,
        )
    if instruction.command is InstructionName.SAMPLE and not instruction.text.strip():
        return _refuse("sample needs --text", BAD_INSTRUCTION)
    if instruction.command is InstructionName.COPY and not instruction.text.strip():
        return _refuse("copy needs a path as its text", BAD_INSTRUCTION)
    spool = RunFolder(folder or run_folder()).instructions
    try:
        document = instruction.model_dump_json()
        write_whole(spool / f"{instruction.id}.json", document, is_durable=True, is_shared=True)
    except OSError as exc:
        return _refuse(f"no agent takes instructions here: {exc.strerror}", NO_AGENT)
    print(json.dumps({"id": instruction.id, "state": "received"}))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pod_image.control", description=__doc__)
    parser.add_argument("command", choices=[name.value for name in InstructionName])
    parser.add_argument("--id", default="", help="repeated by the receipts; made up when absent")
    parser.add_argument("--text", default="", help="what to say, for sample; which file, for copy")
    parser.add_argument("--said-by", default="", help="who says it, of a voice with several")
    parser.add_argument("--attempt", default="", help="nonce of the attempt that it is meant for")
    return parser


def _refuse(error: str, code: int) -> int:
    print(json.dumps({"error": error}))
    return code


if __name__ == "__main__":
    forbid_reading()  # the platform gives this process the pod's whole environment
    sys.exit(main())
