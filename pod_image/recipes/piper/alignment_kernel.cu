/* Monotonic alignment search (Glow-TTS, arXiv 2005.11129, algorithm 1): a block for each clip, its threads share the
 * phonemes. CUDA C without a header, so that NVRTC alone compiles it. A test gives the words below another meaning and
 * runs the same lines on a CPU. */
#ifndef KERNEL
#define KERNEL extern "C" __global__
#define CLIP blockIdx.x
#define EACH_PHONEME(n) for (int n = threadIdx.x; n < phonemes; n += blockDim.x)
#define ONE_THREAD if (threadIdx.x == 0)
#define BARRIER __syncthreads()
#define SHARED_FLOATS(name) extern __shared__ float name[]
#define IMPOSSIBLE __int_as_float(0xff800000)
#endif

/* `scores` [B, T, N], `frame_lengths` and `text_lengths` [B] in; `durations` [B, N] out; `stepped` [B, T, N] is room to
 * work in, of which only what was written is read. */
KERNEL void alignment_search(
    const float *scores,
    const long long *frame_lengths,
    const long long *text_lengths,
    unsigned char *stepped,
    long long *durations,
    int frames,
    int phonemes)
{
    /* Two rows of the best sums, of this frame and the one before. Place 0 of each stands for the phoneme before the
     * first: nothing comes from there. */
    SHARED_FLOATS(rows);
    const long long clip = CLIP;
    const int used = (int)frame_lengths[clip], spoken = (int)text_lengths[clip];
    const int width = phonemes + 1;
    scores += clip * frames * phonemes;
    stepped += clip * frames * phonemes;
    durations += clip * phonemes;
    EACH_PHONEME(n) {
        durations[n] = 0;
        rows[n + 1] = n == 0 ? scores[0] : IMPOSSIBLE;
    }
    ONE_THREAD {
        rows[0] = IMPOSSIBLE;
        rows[width] = IMPOSSIBLE;
    }
    for (int frame = 1; frame < used; ++frame) {
        const float *best = rows + (frame - 1) % 2 * width;
        float *next = rows + frame % 2 * width;
        BARRIER;
        EACH_PHONEME(n) {
            const int is_step = best[n] > best[n + 1];
            stepped[frame * phonemes + n] = (unsigned char)is_step;
            next[n + 1] = (is_step ? best[n] : best[n + 1]) + scores[frame * phonemes + n];
        }
    }
    BARRIER;
    ONE_THREAD {
        int place = spoken - 1;
        long long lasted = 1;
        if (used < 1 || place < 0 || place >= phonemes)
            return;
        for (int frame = used - 1; frame > 0; --frame) {
            if (place > 0 && stepped[frame * phonemes + place]) {
                durations[place--] = lasted;
                lasted = 0;
            }
            ++lasted;
        }
        durations[place] = lasted;
    }
}
