"""Symptoms told of a loss that stays, swings, is too low, or differs when it is evaluated."""

from __future__ import annotations

from .base import Symptom, near, told

_LOSS = r"\b(?:(?:train\w*|eval|validation)[ _])?loss(?:es)?\b"
_COUNTS = (
    "batch = next(iter(trainer.get_train_dataloader())); print((batch['labels'] != -100)"
    ".sum())   : 0 means that no token counts"
)
_NO = (
    r"(?:(?:is|are|was|were|does|do|did|will|would|has|have|ca|can|could)(?: ?not|n't|nt)|never|"
    r"not|no longer|barely|hardly|fail(?:s|ed|ing)? to)"
)
_FALLS = (
    r"(?:decreas|go(?:es|ing)? down|drop|chang|converg|improv|reduc|fall|declin|mov|budge|com(?:e|"
    r"ing) down|get(?:ting)? low)"
)

_no_gradient = told(
    "gradients are said to be None, or weights not to move, with gradient checkpointing",
    'gradient_checkpointing_kwargs={"use_reentrant": False}',
    "model.enable_input_require_grads()   before get_peft_model",
    "print([n for n, p in model.named_parameters() if p.requires_grad][:5])   : is anything "
    "trained?",
    why="reentrant checkpointing gives a block gradients only where one of its inputs wants them, "
    "and behind frozen embeddings none does",
)

_FIGURE = r"(?<!eval[_ ])(?<!ation[_ ])(?<!val[_ ])\b(?:loss(?:es)?|perplexity)\b|损失"


LOSSES: tuple[Symptom, ...] = (
    Symptom(
        "loss-that-jumps-after-resuming",
        near(
            r"resum\w{1,4}|continu\w{1,4} (?:training )?from (?:a |the )?(?:last )?checkpoint|"
            r"(?:from|load\w*) (?:a |the )?checkpoint|断点续训|恢复训练|续训|加载 ?checkpoint|"
            r"中断后|restor\w{1,4}|restart\w{0,3} (?:from|it|training)|重新加载",
            rf"(?:increased|higher|larger|worse|(?:way|very|totally|much) different) (?:train\w* "
            rf")?loss|"
            rf"(?:{_FIGURE})[^\n]{{0,40}}(?:jump|spike|increas|goes up|went up|starts? (?:over|"
            r"again|from)|reset|higher|much larger|变大|变高|变差|上升|高出|跳)",
            80,
        )
        + rf"|(?:{_FIGURE})[^\n.]{{0,40}} (?:jump|spike|reset|increas|goes up|went up)\w{{0,4}}"
        r"[^\n.]{0,60} resum",
        told(
            "a loss is said to jump when a run is resumed",
            "trainer.train(resume_from_checkpoint=FOLDER)   on a model made as for the first run",
            "print(sum(p.abs().sum().item() for n, p in model.named_parameters() if 'lora_B' in n))"
            "   right after loading: 0 means that the adapter did not arrive",
            why="with a second get_peft_model on a loaded adapter, or a checkpoint without "
            "optimizer.pt and scheduler.pt, the run starts anew, or with a new learning rate",
        ),
        {
            "After resuming from checkpoint, loss jumps up to 8 from 0.9": "resume_from_checkpoint",
            "I restored training from the last checkpoint, it shows way different loss": "lora_B",
        },
        words=("resum", "continu", "checkpoint", "restor", "restart", "加载", "续训", "恢复"),
    ),
    Symptom(
        "no-gradient-with-checkpointing",
        near(
            r"gradient[ _]?checkpoint\w*|梯度检查点",
            r"\bgrad(?:ient)?s?\b[^\n.]{0,20} (?:will be |are |is |be )?(?:all )?[`'\"]?None\b|"
            r"\b(?:no|without) gradients?\b|\bgradients? (?:are|is) (?:lost|missing|zero)|"
            r"\b(?:not|n't|never) (?:be )?(?:updat\w+|trained|learn\w*)|没有梯度|梯度为(?:None|空)",
            90,
        ),
        _no_gradient,
        {
            "When I use gradient checkpoint with LoRA, it seems that all gradients will be "
            "'None'": ("enable_input_require_grads"),
            "with gradient_checkpointing=True my adapter is not updated": "use_reentrant",
            "I turned gradient checkpointing on to save memory": "",
            "gradient checkpointing is slow": "",
        },
        words=("checkpoint", "检查点"),
        effects=("nothing-learned",),
    ),
    Symptom(
        "evaluation-loss-that-rises",
        near(
            r"\b(?:eval(?:uation)?|validation|val|test)[ _]?loss(?:es)?",
            r"(?<!not )(?:increas\w*|ris(?:es|ing)|rose|goes up|going up|went up|grow\w*|climb\w*)",
            40,
        )
        + r"|\b(?:model|it|outputs?|answers?|generat\w+)\b[^\n.]{0,60}\btrain(?:ing)? (?:data|"
        r"examples?|samples?|rows|set)[^\n.]{0,20}\b(?:verbatim|word for word|exactly)|"
        r"\bmemori[sz](?:es|ed|ing) (?:the |my |all )?(?:train\w*|data|rows|examples)|"
        r"只会[^\n。]{0,6}(?:输出|回答|背)[^\n。]{0,6}训练(?:集|数据)|"
        r"(?<!to )(?<!can )(?<!is my model )(?<!is it )(?<!no )(?<!an )(?<!on )\boverfit\w*(?! "
        r"(?:a |on a |to a "
        r")?(?:small|single|tiny|few|one))|"
        r"过拟合",
        told(
            "the loss of the evaluation is said to rise, or the run to overfit",
            'eval_strategy="steps", load_best_model_at_end=True, metric_for_best_model="eval_loss"',
            "num_train_epochs=1, a lower learning_rate (1e-4 with LoRA), lora_dropout=0.05, "
            "r=8 or 16",
            "print(tokenizer.decode(batch['input_ids'][0])) of a row of each set: the same "
            "template, the same masking of prompts?",
            why="where the training loss falls on while this one rises, rows are learned by heart: "
            "too many epochs or too few rows. Where the two never were near one another, the sets "
            "differ in template, masking or packing",
        ),
        {
            "the validation loss keeps increasing while training loss decreases": "num_train_epo",
            "gemma 2 overfits on my data after one epoch": "load_best_model",
            "the model only repeats training examples verbatim": "load_best_model",
            "微调之后模型只会输出训练集里的内容": "load_best_model",
            "I loaded both an overfitted model and one that was trained for an epoch": "",
        },
        words=(
            "loss",
            "overfit",
            "过拟合",
            "verbatim",
            "word for word",
            "exactly",
            "memori",
            "训练",
        ),
    ),
    Symptom(
        "evaluation-loss-that-differs",
        r"\b(?:eval(?:uation)?|validation|val|test)[ _]?loss(?:es)?\b[^\n.]{0,60}(?:much |far |way "
        r"|"
        r"significantly |a lot )?(?:high(?:er)?|larger?|huge|bigger|worse|different|differs?|"
        r"inconsistent|not match\w*|mismatch\w*)\b|"
        r"\b(?:high|higher|huge|large|different|inconsistent) (?:eval(?:uation)?|validation|val)"
        r"[ _]loss",
        told(
            "the loss of the evaluation is said to be far from that of the training",
            "trainer.evaluate(eval_dataset=TRAIN_ROWS)   on rows of the training: the training's "
            "loss? Then the sets differ, else the two ways to compute it do",
            "print(tokenizer.decode(batch['input_ids'][0])) and the labels that are not -100, one "
            "batch of each set",
            "packing and eval_packing (TRL), sample_packing and eval_sample_packing (axolotl): both"
            " "
            "on or both off",
            "per_device_eval_batch_size=1   : does padding matter?",
            why="the training loss may be a mean over tokens of several micro-batches and the "
            "evaluation's a mean over batches; packing, masking of prompts, padding and <bos> are "
            "set apart for the two",
        ),
        {
            "eval loss is much higher with eval_sample_packing: False": "eval_sample_packing",
            "evaluation loss is different from training loss on the same data": "evaluate(",
        },
        words=("loss",),
        effects=("wrong-loss", "wrong-loss-scale", "wrong-attention"),
    ),
    Symptom(
        "loss-that-does-not-fall",
        rf"{_LOSS}(?:(?!\b(?:but|and|while)\b)[^\n.,:;=]){{0,40}} (?:{_NO} (?:(?:seem|appear|really"
        rf"|even|at all)(?: to)? )?(?:be )?"
        rf"{_FALLS}|(?:is |gets? |got |was |are |being |remains? )?(?:stuck|stagnant|plateau|flat|"
        rf"constant|unchanged|the same|stagnat)|stays? (?:at|around|the same|flat|constant|high|"
        rf"near|between)|remains? (?:at|around|the same|constant|flat|high|unchanged)|"
        rf"{_FALLS}\w* (?:very |too |so |really |extremely |quite )*slow(?:ly)?)|"
        rf"{_NO} (?:seem to )?(?:converg\w*|learn(?:ing)? (?:anything|at all|$))|"
        rf"\bno (?:change|decrease|improvement|reduction|drop) (?:in|of) (?:the )?(?:\w+ )?{_LOSS}|"
        rf"\b(?:learn(?:s|ed|ing)?|train(?:s|ed)?) nothing\b|\bsame {_LOSS} (?:in|for|at|on) "
        rf"(?:each|every)|"
        rf"(?<!has )(?<!have )(?<!had )\bno improvement\b(?! (?:at all|over|after|on|compared))|"
        rf"下がらない|収束しない|学習が進まない|konvergiert nicht|ne converge "
        rf"pas|no converge|"
        rf"не сходится|수렴하지|"
        rf"\b(?:constant|flat|stagnant|non-?decreasing) {_LOSS}|"
        rf"(?:loss|损失).{{0,10}}(?:不|没有?|无法|难以|不能)(?:再)?(?:下降|降|收敛|变|减)|不收敛|"
        rf"学不到|"
        rf"(?:loss|损失).{{0,10}}(?:降不下|卡在|停在|居高不下)",
        told(
            "a loss is said not to fall, or a model not to learn",
            "model.print_trainable_parameters()   : 0, or far fewer than meant?",
            _COUNTS,
            "10 rows, 50 epochs, learning_rate=2e-4 with LoRA (1e-5 without): where the loss does "
            "not fall near 0 on these, the setup is wrong and not the data",
            why="from a start near 1 to 3 a slow fall is ordinary for a model that was tuned "
            "before; from above 5 the template, the precision or the loaded weights are likelier",
        ),
        {
            "The loss does not decrease when fine tuning gemma 7b": "print_trainable_parameters",
            "my training loss is stuck at 2.5": "learning_rate",
            "gemma-2 训练 loss 不下降": "-100",
            "training loss remains constant throughout the run": "learning_rate",
            "loss: 2.5 not": "",
            "Training loss decreases very slowly": "print_trainable_parameters",
        },
        words=(
            "improvement",
            "下がらない",
            "収束",
            "進まない",
            "сход",
            "수렴",
            "loss",
            "converg",
            "learn",
            "损失",
            "收敛",
            "学不到",
        ),
        loosely=r"(?:does|do|did|is|are)(?: not|n't) (?:learn|train)\w*\b|not learning",
        effects=(
            "nothing-learned",
            "wrong-gradients",
            "wrong-loss",
            "labels-masked",
            "random-weights",
        ),
    ),
    Symptom(
        "loss-that-swings",
        rf"{_LOSS}(?:(?!\b(?:but|while|memory|v?ram|gpu|accuracy|rewards?)\b)[^\n.]){{0,50}}"
        rf"(?:oscillat|fluctuat|unstable|instabilit|spik|diverg|explod|"
        r"blow(?:s|n)? up|jump|zig-?zag|bounc|noisy|erratic|swing|increas|ris(?:es|ing)|rose|"
        r"goes up|going up|went up|shoots? up|grows?|growing|climb)\w*|"
        rf"\b(?:unstable|noisy|oscillating|fluctuating|diverging|exploding|increasing|spiking) "
        rf"(?:train\w* )?{_LOSS}|\b(?:train\w*|run) (?:is |gets |becomes )?(?:unstable|diverg\w*)|"
        r"\btraining (?:instability|divergence|collapse)|\bloss (?:spikes?|explosions?|"
        r"divergence)\b|"
        r"(?:loss|损失).{0,10}(?:陡增|激增|突增|突然(?:增|变)大|震荡|振荡|抖动|波动|不稳|上升|"
        r"升高|突然|发散|飙升|暴涨|爆炸|跳)|"
        r"训练不稳定",
        told(
            "a loss is said to rise, to jump or to swing",
            "learning_rate lower by 10, warmup_ratio=0.03, max_grad_norm=1.0: is it steady then?",
            'bf16=True in place of fp16, and attn_implementation="eager": is it steady then?',
            "logging_steps=1, and decode the rows of the step where it jumps",
            "more rows for each step (gradient_accumulation_steps): does the swing shrink with it?",
            why="one step's loss is that of its rows: short rows and small batches swing, and a "
            "mean "
            "over 50 steps shows the trend. A rise that stays is a rate that is too high (2e-4 is "
            "for LoRA, 1e-5 for all weights), float16, or broken rows",
        ),
        {
            "gemma3 loss oscillates between 0.3 and 2 all the time": "warmup_ratio",
            "Training loss suddenly explodes after 500 steps": "max_grad_norm",
            "微调gemma时loss震荡": "warmup_ratio",
            "loss spikes when training Gemma 2 27B with FSDP": "max_grad_norm",
            "the loss goes down": "",
            "The loss goes down but the memory increases": "",
        },
        words=("loss", "training", "run", "损失", "训练"),
        effects=("not-a-number", "float16-overflow", "wrong-gradients", "wrong-loss-scale"),
    ),
    Symptom(
        "loss-that-is-too-low",
        rf"{_LOSS}(?:(?!\band\b|reward)[^\n.]){{0,40}}\b(?:too|very|extremely|suspiciously|"
        rf"unusually|abnormally|really|"
        rf"so) "
        rf"(?:low|small)\b|\b(?:low|small) (?:initial |starting |train\w* )?loss\b(?! of)|"
        rf"{_LOSS} (?:drops?|falls?|goes|collapses?|decreases?|converges?) (?:too |very |so )"
        rf"(?:quickly|fast|rapidly)|(?:loss|损失).{{0,12}}(?:过低|太低|很低|异常低|异常小|地低|"
        rf"偏低|低得|"
        rf"下降太快|下降过快)",
        told(
            "a loss is said to be low, or to fall fast",
            "print(tokenizer.decode([t for t in batch['labels'][0] if t != -100]))   : what "
            "counts?",
            "print(tokenizer.decode(batch['input_ids'][0]))   : does the prompt hold the answer?",
            "one prompt outside of the data, do_sample=False, base against trained",
            why="labels of a template's fixed tokens, padding that is not masked, repeated rows or "
            "a prompt that holds its answer are guessed easily; a mean that is divided once more by"
            " "
            "the accumulation steps is low as well",
        ),
        {
            "the loss is extremely low from the start, below 0.05": "labels",
            "Gemma 3 loss drops too quickly to 0.01": "labels",
            "use a low loss of 2": "",
        },
        words=("loss", "损失"),
        effects=("wrong-loss", "wrong-loss-scale", "labels-masked"),
    ),
)
