// The flags of llama.cpp (its common/arg.cpp, autumn of 2026, and llama-bench) that are not flags here, each with what to do
// instead. A command's own flags come first: what stands here is only looked up for a name that the command does not know.

/** [names, what to do instead]. Names of one dash are the ones that must never be taken apart into letters. */
const absent: readonly (readonly [names: string, why: string])[] = [
  // Models
  ['-hf -hfr --hf-repo -hff --hf-file -mu --model-url -hft --hf-token --offline', 'llama-ts pull brings a model by its name and tells its path'],
  ['-cl --cache-list', 'llama-ts ls lists the models that are here'],
  ['-dr --docker-repo', 'models come from the hub, with -hf USER/REPO, or from an address, with -mu'],
  ['-hfv -hfrv --hf-repo-v -hffv --hf-file-v -mv --model-vocoder', 'speech is not supported'],
  ['-lm --load-mode --mlock -dio --direct-io -ndio --no-direct-io', 'weights are mapped from the file; --no-mmap reads them into memory'],
  ['--check-tensors', 'files are always checked when they are loaded: leave it out'],
  [
    '--lora --lora-scaled --control-vector --control-vector-scaled --control-vector-layer-range',
    'adapters and control vectors are for what computes texts: llama-ts run, chat, infill, logits, embed, rerank, bench',
  ],
  [
    '-mm --mmproj -mmu --mmproj-url -mmdev --mmproj-device --mmproj-auto --no-mmproj --no-mmproj-auto --image --audio --video',
    'images, audio and video are not supported',
  ],
  ['-a --alias --tags', 'a name is for who asks a server: llama-ts serve has --alias'],
  [
    '--spec-default --gpt-oss-20b-default --gpt-oss-120b-default --vision-gemma-4b-default --vision-gemma-12b-default',
    'llama-ts pull lists models by name; -hf USER/REPO takes any other',
  ],
  // Drafts
  [
    '-md --model-draft --spec-draft-model -hfd -hfrd --hf-repo-draft --spec-draft-hf --spec-type --draft --draft-n --draft-max --draft-min --draft-n-min',
    'speculative decoding is not supported',
  ],
  [
    '-td --threads-draft -tbd --threads-batch-draft -Cd --cpu-mask-draft -Crd --cpu-range-draft -Cbd --cpu-mask-batch-draft -Crbd --cpu-range-batch-draft',
    'speculative decoding is not supported',
  ],
  [
    '-otd --override-tensor-draft -cmoed --cpu-moe-draft -ncmoed --n-cpu-moe-draft -devd --device-draft -ngld --gpu-layers-draft --n-gpu-layers-draft',
    'speculative decoding is not supported',
  ],
  [
    '-ctkd --cache-type-k-draft -ctvd --cache-type-v-draft --draft-p-min --draft-p-split --spec-draft-n-max --spec-draft-n-min --spec-draft-p-min',
    'speculative decoding is not supported',
  ],
  ['-lcs --lookup-cache-static -lcd --lookup-cache-dynamic', 'speculative decoding is not supported'],
  // Context and batch
  ['-fa --flash-attn', 'attention always works this way: leave it out'],
  [
    '-np --parallel -ns --sequences -cb --cont-batching -nocb --no-cont-batching',
    'one text is written at a time by this command; llama-ts serve has --parallel, and in the API calls that run together are batched by themselves',
  ],
  ['-kvu --kv-unified -no-kvu --no-kv-unified --kv-unified-per-slot', 'all generations always share one context: its size is -c'],
  ['-nkvo --no-kv-offload -kvo --kv-offload', "a layer's context lies where the layer is computed: choose with -ngl"],
  [
    '-dt --defrag-thold --swa-full -cram --cache-ram -ctxcp --ctx-checkpoints --swa-checkpoints -cpent --checkpoint-every-n-tokens -cms --checkpoint-min-step',
    'the context is kept in pages and needs no such setting: leave it out',
  ],
  ['--keep --context-shift --no-context-shift', 'a text ends when the context is full: make it larger with -c'],
  [
    '-gan --grp-attn-n -gaw --grp-attn-w --rope-scaling --rope-scale --rope-freq-base --rope-freq-scale --yarn-orig-ctx --yarn-ext-factor --yarn-attn-factor --yarn-beta-slow --yarn-beta-fast',
    'positions are computed as the model file says; its metadata can be changed with llama-ts gguf set',
  ],
  [
    '--prompt-cache --prompt-cache-all --prompt-cache-ro --cache-prompt --no-cache-prompt --cache-reuse',
    'equal beginnings are shared while the program runs; nothing is kept between runs',
  ],
  // CPU and devices
  ['-tb --threads-batch', 'reading a prompt and writing use the same threads: set them with -t, or have a number for each measured with -t auto'],
  [
    '-C --cpu-mask -Cr --cpu-range -Cb --cpu-mask-batch -Crb --cpu-range-batch --cpu-strict --cpu-strict-batch --numa',
    'all CPUs that the process may use are used: restrict them with taskset or numactl',
  ],
  ['--prio --prio-batch --poll --poll-batch', 'threads wait by themselves for a moment and then sleep; priorities are set with nice'],
  ['-nr --no-repack --repack --no-host --op-offload --no-op-offload', 'weights are read where they lie, without repacking: leave it out'],
  [
    '-sm --split-mode -ts --tensor-split -mg --main-gpu',
    'a model uses one device and the CPU: choose it with --backend, such as vulkan:1, and several processes with mpirun',
  ],
  ['-fit --fit -fitt --fit-target -fitc --fit-ctx', 'layers are always fitted to the free memory, unless -ngl says how many'],
  ['--list-devices', 'llama-ts --version lists the devices'],
  ['--rpc', 'other machines take part through mpirun'],
  // Prompts
  ['-bf --binary-file', 'a prompt is text: -f FILE'],
  ['-sp --special --in-prefix --in-suffix --in-prefix-bos', "control tokens are written by the model's chat template alone, and are not printed"],
  ['-ptc --print-token-count --verbose-prompt', 'use --verbose, or --json for the counts'],
  ['-i --interactive -if --interactive-first', 'llama-ts chat holds a conversation'],
  ['-mli --multiline-input', 'pasted text is one message, and a line that ends in \\ continues on the next line'],
  ['-co --color --no-color --simple-io', 'output has no colours'],
  ['--display-prompt --no-display-prompt', 'use --json, whose "text" is without the prompt'],
  ['--show-timings --no-show-timings --perf --no-perf', 'use --verbose for what it took'],
  [
    '--jinja --no-jinja --chat-template --chat-template-kwargs --skip-chat-parsing',
    "the model's own Jinja template is used; llama-ts chat takes others: --chat-template NAME, --chat-template-file FILE",
  ],
  [
    '-rea --reasoning --reasoning-format --reasoning-effort --reasoning-budget --reasoning-budget-message',
    'llama-ts chat has --reasoning-effort and --reasoning-budget; at a terminal it shows reasoning dimmed',
  ],
  ['--warmup --no-warmup', 'nothing is run before your prompt: leave it out'],
  [
    '-lv --verbosity --log-verbosity --log-verbose --log-disable --log-file --log-colors --log-prefix --log-timestamps',
    'use --verbose; output and messages go to different streams, which the shell can redirect',
  ],
  // Sampling
  ['-bs --backend-sampling', 'sampling always runs on the CPU: leave it out'],
  // Server
  ['--host --port --api-key --api-key-file --ssl-key-file --ssl-cert-file', 'llama-ts serve has these: they are no flags of this command'],
  ['-to --timeout', 'llama-ts serve has --deadline, in seconds that a request may take'],
  [
    '--metrics --slots --props --threads-http -sps --slot-prompt-similarity',
    'llama-ts serve always answers these, on one thread, and shares what was computed: leave it out',
  ],
  ['--path --webui --no-webui', 'llama-ts serve serves no files'],
  [
    '-ag --agent -no-ag --no-agent --tools --embedding --embeddings --rerank --reranking --pooling --embd-normalize',
    'llama-ts chat has --tools FILE, llama-ts embed and rerank make vectors and scores, and llama-ts serve gives vectors of every model',
  ],
  // Measuring
  ['-pg -d --n-depth -embd -mmp -oe --output-err --delay --progress', 'llama-ts bench measures reading -p tokens and writing -n, in an empty context'],
  ['-npp -ntg -npl -pps', 'llama-ts bench measures one text at a time, with -p and -n'],
  ['--ppl-stride --hellaswag --winogrande --multiple-choice', 'llama-ts perplexity reads a text in chunks of -c tokens'],
];

/** Short names of several letters that are flags of a command here. */
const present = 'hf hfr hff hft mu jf ngl dev ub ctk ctv sys sysf st cnv no-cnv ofreq ot cmoe ncmoe';

const reasons = new Map(absent.flatMap(([names, why]) => names.split(' ').map((name) => [name, why] as const)));

export const llamaCpp = {
  /** All of llama.cpp's names with one dash and several letters, without the dash. */
  shorts: new Set([...present.split(' '), ...[...reasons.keys()].filter((n) => /^-[^-]./.test(n)).map((n) => n.slice(1))]) as ReadonlySet<string>,
  /** What to do instead of a flag that llama.cpp has and no command here; undefined where llama.cpp has none of that name. */
  why: (written: string): string | undefined => reasons.get(written),
};
