"""What a person tells of in a sentence, where nothing raised: losses, rewards, memory, a hang."""

from __future__ import annotations

from .base import General
from .memory_told import told_memory
from .told import told

TOLD_RUNS: tuple[General, ...] = (
    General(
        "loss-that-does-not-fall",
        r"(?i:loss(?:es)?\b[^\n.,:;=]{0,40} (?:(?:is|are|was|does|do|did|will|would|has|have)"
        r"(?: not|n't) (?:seem to )?(?:be )?(?:decreas|go down|goes down|going down|drop|chang|"
        r"converg|improv|reduc|fall)|not (?:decreas|converg|go down|going down|dropp|chang|"
        r"improv)|stuck|plateau|never (?:decreas|drop|go|converg)))",
        told(
            "a loss is said not to fall",
            "model.print_trainable_parameters()   : 0, or far fewer than meant?",
            "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != -100)"
            ".sum())   : 0 means that no token counts",
            "10 rows, 50 epochs, learning_rate=2e-4 with LoRA (1e-5 without): where the loss does "
            "not fall near 0 on these, the setup is wrong and not the data",
            why="from a start near 1 to 3 a slow fall is ordinary for a model that was tuned "
            "before; from above 5 the template, the precision or the loaded weights are likelier",
        ),
        {
            "The loss does not decrease when fine tuning gemma 7b": "print_trainable_parameters",
            "my training loss is stuck at 2.5": "learning_rate",
            "loss: 2.5 not": "",
        },
        alone=True,
    ),
    General(
        "loss-of-zero-is-told",
        r"(?i:\b(?:train|training|the|eval|evaluation|validation|get|gets|getting|has|have|see|"
        r"with|shows?|but my|and my)(?: a)? loss(?:es)? (?:(?:is|was|are|of|at|becomes?|became|"
        r"stays?|remains?|shows?|turns?|drops? to|goes to|equals?) )?(?:always |constantly |all |"
        r"just |only |stuck at )?(?:0(?:\.0{1,6})?|zero)(?![\d.]*\d|\.\d|\s?%)|"
        r"\b(?:return|giv|show|report|produc|get|print)\w{1,4} (?:an? )?(?:0(?:\.0{1,6})?|zero) "
        r"loss(?:es)?\b)",
        told(
            "a loss of 0 is told of",
            "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != -100)"
            ".sum())   : 0 means that no token counts",
            "logging_nan_inf_filter=False   shows whether it is NaN: then bf16=True in place of "
            "fp16",
            why="the Trainer writes 0 for a loss that is NaN from the first step on, as float16 "
            "makes it for Gemma; labels that are all -100 (a wrong response marker, a row cut "
            "before its answer) give 0 or NaN",
        ),
        {
            "Training loss is 0 for gemma-3-4b-it": "logging_nan_inf_filter",
            "T5Gemma returning 0 loss for s2s training": "logging_nan_inf_filter",
            "the loss is always 0.0 from the first step": "-100",
            "the loss is 0.02 now": "",
            "the training loss was 0.5": "",
        },
        alone=True,
    ),
    General(
        "memory-that-grows",
        r"(?i:memory (?:usage )?(?:(?:keeps?|kept) (?:on )?(?:grow|increas|climb|ris)|(?:grows|"
        r"increases|"
        r"rises|climbs) (?:with|each|every|over|until|after|steadily|continuously|during)|"
        r"leak)\w{0,8})",
        told(
            "memory is said to grow along the run",
            "batches of growing length: group_by_length=False, a max_length, and look whether the "
            "longest row comes late",
            "only while evaluating: eval_accumulation_steps=1, prediction_loss_only=True, or "
            "preprocess_logits_for_metrics",
            "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True   before the command, against "
            "fragments",
            "a loop of your own: total += loss.item(), not loss",
            why="an evaluation keeps the logits of all rows, and a Gemma has 262,144 of them for "
            "each token; lengths that change leave fragments",
        ),
        {
            "GPU memory keeps increasing every step while training gemma-3-12b": "expandable",
            "memory usage increases during evaluation": "eval_accumulation_steps",
        },
        alone=True,
    ),
    General(
        "loss-that-jumps-after-resuming",
        r"(?i:(?:resum\w{1,4}|continu\w{1,4} (?:training )?from (?:a |the "
        r")?checkpoint)[^\n.]{0,80} loss[^\n.]{0,30} "
        r"(?:jump|spike|increas|goes up|went up|start|reset|higher)|loss[^\n.]{0,40} (?:jump|"
        r"spike|reset|increas|"
        r"goes up|went up)\w{0,4}[^\n.]{0,60} resum)",
        told(
            "a loss is said to jump when a run is resumed",
            "trainer.train(resume_from_checkpoint=FOLDER)   on a model made as for the first run",
            "print(sum(p.abs().sum().item() for n, p in model.named_parameters() if 'lora_B' in n))"
            "   right after loading: 0 means that the adapter did not arrive",
            why="with a second get_peft_model on a loaded adapter, or a checkpoint without "
            "optimizer.pt and scheduler.pt, the run starts anew, or with a new learning rate",
        ),
        {"After resuming from checkpoint, loss jumps up to 8 from 0.9": "resume_from_checkpoint"},
        alone=True,
    ),
    General(
        "run-that-hangs",
        r"(?i:(?:train(?:ing)?|script|run|process|program|trainer|it|evaluation|loading|map) "
        r"(?:just |always |"
        r"simply )?(?:hangs|is stuck|gets stuck|got stuck|stuck|freezes|is hanging|froze)\b"
        r"(?![^\n.]{0,40}\bloss)(?: "
        r"at| on| after| when| "
        r"before| during| forever| in| for| with|$|\.))",
        told(
            "a run is said to hang",
            "pip install py-spy; py-spy dump --pid PID   for each process: where do they wait?",
            "NCCL_DEBUG=INFO NCCL_P2P_DISABLE=1 NCCL_IB_DISABLE=1   before the command, with "
            "several GPUs",
            "one GPU, and dataloader_num_workers=0, dataset_num_proc=1: does it go on?",
            why="several GPUs wait for one another where one has fewer batches, another branch, or "
            "no path between the cards; one GPU waits for data, a download or a compiler",
        ),
        {
            "training hangs at step 0 with 2 GPUs": "py-spy",
            "the picture hangs on the wall": "",
            "the training gets stuck at a relatively high loss": "",
        },
        alone=True,
    ),
    General(
        "rewards-that-stay-at-zero",
        r"(?i:rewards? (?:(?:is|are|stays?|remains?|always|was|were|all) ){1,3}(?:at )?(?:0|"
        r"zero)s?(?:\.0)?\b|"
        r"(?:reward|rewards) (?:does|do|did)(?: not|n't) (?:increase|improve|go up|change))",
        told(
            "rewards are said to stay at zero, or not to rise",
            "log_completions=True   shows what is generated",
            "a reward for a part of it (the format), beside the one for the right answer",
            "num_generations=8, temperature=1.0, max_completion_length above the length of an "
            "answer",
            why="GRPO learns from differences within a group: where all answers get 0, there is no "
            "gradient. Answers that are cut, or in a form that the reward does not parse, all get "
            "0",
        ),
        {"reward is always 0 in GRPO gemma 3": "log_completions"},
        alone=True,
    ),
    General(
        "values-that-are-no-numbers",
        r"(?:embeddings?|logits|outputs?|activations?|gradients?|hidden states|weights|"
        r"KL\b[^\n.]{0,30}|"
        r"[gG]rad[_ ]?norm|scores?|probs|values) (?:(?:is|are|was|were|become|becomes|became|all|"
        r"contains?|turns? into|goes|go|gets?|full of|always|to|will be) ){1,3}(?:a |all )?"
        r"(?:NaN|Nan|nan|NAN|inf)s?\b|"
        r"(?:returns?|gives?|outputs?|produces?|results? in|gets?|getting) (?:only |all )?"
        r"(?:NaN|nan|NAN)s?\b|NaN (?:[gG]radients?|[lL]ogits|[oO]utputs?)",
        told(
            "values are said to be not a number",
            "one step with dtype=torch.float32 and without mixed precision: numbers then? It is "
            "the precision: bf16=True in place of fp16",
            'one step with attn_implementation="eager": numbers then? It is the attention: '
            "pip install -U transformers flash-attn",
            "one row at a time: numbers then? It is the padding: look at attention_mask",
            why="float16 ends at 65,504, which activations of Gemma 2 and 3 pass. flash-attn "
            "before 2.6.2 has no backward pass of the soft-capping that Gemma 2 needs; a padded "
            "position that may attend to nothing is NaN in some kernels; a row without one token "
            "that counts is NaN in any precision",
            of_gemma=True,
        ),
        {
            "embeddinggemma fine-tuning all embeddings become NaN in fp16": "bf16=True",
            "KL divergence in GRPO is nan with gemma-3": "bf16=True",
            "Gemma 2 returns NaN when using default attn (sdpa) with padding": "attention_mask",
            "after some steps, the grad norm will be NaN": "eager",
            "skip the row if it is empty, not nan": "",
        },
        alone=True,
    ),
    General(
        "memory-that-runs-out-is-told",
        r"(?i:\b(?:runs?|ran|running|goes|going|went|gets?|getting|got|hits?|throws?|causes?|"
        r"an?) (?:into )?"
        r"(?:an? )?(?:out of (?:gpu |cuda |v?ram ?)?memory|OOM|cuda oom)\b|\bOOMs? (?:errors?|"
        r"issues?|when|on|"
        r"with|while|during|even|at|for|both|again|still|after|in|using)\b|"
        r"\bOOM(?:-?ing|'?ed|s)\b|\bOOM(?=[\s.!?)\]]*$)|"
        r"(?:直接|会|就|报|出现|还是|仍然|依然|导致|一直|总是|又)(?:了)?\s?OOM|"
        r"OOM ?(?:问题|了|错误|，|。)|"
        r"\b(?:not enough|insufficient|lack of) (?:gpu |cuda |video )?(?:memory|v-?ram)\b)",
        told_memory,
        {
            "I run out of memory on a 24GB card": "memory --model",
            "Gemma 3 27B goes OOM on 80GB": "the weights take",
            "gemma3-27b OOM": "the weights take",
            "[Bug] OOM-ing with Gemma 3N": "memory --model",
            "the room is zoomed out": "",
        },
        alone=True,
    ),
)
