"""Symptoms that a person tells of in a sentence, and sentences that tell of none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gemma_compat._cli import main
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat._explain.told import FILES, Symptom, symptoms, symptoms_of
from gemma_compat._explain.told.languages import in_english
from gemma_compat._explain.told.sentences import sentences
from gemma_compat.report.explanation import render_text


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def told(text: str) -> str:
    return " ".join(render_text(explained(text)).split())


SAID = [
    ("However, the merged model gives the same results as the original model.", "lora_B"),
    ("the fine-tuned adapter doesn't seem to have any effect on gemma-2-9b", "lora_B"),
    ("LoRA weights are not applied when I load gemma-3-4b", "lora_B"),
    ("gibberish after I merge the LoRA into gemma-3-1b", "apply_chat_template"),
    ("My gemma2 GGUF answers with random characters", "converter"),
    ("training loss doesn't go down on gemma-3-270m", "print_trainable_parameters"),
    ("loss is not decreasing for PaliGemma", "print_trainable_parameters"),
    ("I always get a loss of 0.0 with Gemma 3 on a T4", "logging_nan_inf_filter"),
    ("the training loss becomes 0 after a few steps", "logging_nan_inf_filter"),
    ("Gemma does not stop generating after the answer", "PARAMETER stop"),
    ("the model keeps repeating the last sentence", "end_of_turn"),
    ("memory usage keeps increasing with each step", "expandable_segments"),
    ("MedGemma returns an empty string after fine-tuning", "add_generation_prompt"),
    ("the tuned model generates only <pad>", "float16"),
    ("it predicts the same class; always predicts the same label", "learning rate"),
    ("After merging, quality is worse after merging than with the adapter", "16 bits"),
    ("When resuming, the loss jumps from 1.2 to 7 after resuming", "resume_from_checkpoint"),
    ("Training gets stuck at the first step with 4 GPUs", "py-spy"),
    ("duplicated <bos> token in the prompt", "add_special_tokens=False"),
    ("rewards are always zero in my GRPO run", "log_completions"),
    ("the logits become NaN in fp16", "bf16=True"),
    ("NaN Gradient Issue with Gemma2 Model Training", "2.6.2"),
    ("Loss is nan when fine-tuning Gemma-2-9b", "not a number"),
    ("I get OOM with gemma-3-27b on 80GB", "memory --model"),
]


@pytest.mark.parametrize(("text", "word"), SAID)
def test_a_symptom_in_a_sentence_is_answered_and_not_settled(text: str, word: str) -> None:
    answer = told(text)
    assert word in answer
    assert "likely, not certain" in answer
    assert "no cause is known" in answer


HEALTHY = [
    "{'loss': 0.8, 'grad_norm': 1.2, 'learning_rate': 0.0002, 'epoch': 0.1}\n{'train_runtime': 9}",
    "trainable params: 1,000 || all params: 2,000,000 || trainable%: 0.05",
    "Loading checkpoint shards: 100%|##########| 2/2 [00:01<00:00]",
    "The server stops generating when the client closes the connection.",
    "torch.cuda.empty_cache() frees an empty list of blocks",
    "INFO: the loss is 0.42 after 100 steps, and the loss decreases as it should",
    "max memory allocated grows no more: 11.2 GiB",
    "save_strategy: no, stop strings: []",
]


@pytest.mark.parametrize("text", HEALTHY)
def test_a_healthy_line_tells_of_nothing(text: str) -> None:
    assert explained(text).generally == ()


MESSAGES = [
    # Another wording, another release, a line of its own in a report.
    (
        "I get this error when the evaluation ends:\n```\nThe `metric_for_best_model` training "
        "argument is set to 'eval_loss', which is not found in the evaluation metrics.\n```\n",
        "label_names",
    ),
    (
        "ValueError: The model did not return a loss from the inputs, only the following keys: "
        "logits. For reference, the inputs it received are input_ids,attention_mask,labels.",
        "in place of AutoModel",
    ),
    ("ValueError: cosine_min is not a valid SchedulerType, please select one of ['cosine']", "lr_"),
    ("ValueError: `temperature` (=-1.0) has to be a strictly positive float", "do_sample=False"),
    ("ValueError: not enough values to unpack (expected at least 2, got 1)", "into 2 parts"),
    ("ValueError: Received 3 images for 1 prompts. Each prompt should be associated", "3 for 1"),
    ("TypeError: lora.ParamWrapper does not work with use_dora=True.", "does not take use_dora"),
    ("RuntimeError: Found dtype Double but expected Float", "meets Double"),
    ("Hi!<end_of_turn>\n", ""),
]


@pytest.mark.parametrize(("text", "word"), MESSAGES)
def test_a_message_has_its_answer(text: str, word: str) -> None:
    if not word:
        assert explained(text).generally == ()
    else:
        assert word in told(text)
        assert not explained(text).causes


def test_a_name_in_backticks_is_no_error() -> None:
    text = (
        "Fix the mapping\nThe tokenizer was not in it, leading to errors when trying to load "
        "text-only models such as `google/gemma-3-1b-it`\n"
    )
    assert "google/gemma-3-1b-it, and no rule" not in told(text)


EXAMPLES = [
    pytest.param(symptom, text, word, id=f"{symptom.name}-{number}")
    for symptom in symptoms()
    for number, (text, word) in enumerate(symptom.examples.items())
]


@pytest.mark.parametrize(("symptom", "text", "word"), EXAMPLES)
def test_a_symptom_answers_its_examples(symptom: Symptom, text: str, word: str) -> None:
    found = explained(text)
    assert (symptom.name in [item.name for item in found.generally]) == bool(word)
    if word:
        assert word in told(text)
        answer = next(item.answer for item in found.generally if item.name == symptom.name)
        assert not answer.certain  # a sentence may be about another run, or mistaken
        assert not [line for line in answer.do if "(?:" in line]  # an expression is no advice


def test_each_symptom_has_a_name_an_example_and_a_place_in_the_table() -> None:
    assert len({item.name for item in symptoms()}) == len(symptoms())
    assert all(item.examples and (item.text or item.loosely) for item in symptoms())
    assert [item for file in FILES for item in symptoms_of(file)] == list(symptoms())


def test_the_words_of_a_symptom_stand_in_each_of_its_examples() -> None:
    for symptom in symptoms():
        for text, word in symptom.examples.items():
            assert (
                not word
                or not symptom.words
                or any(w in in_english(text).lower() for w in symptom.words)
            )


SHORT = """
Different results after merging the adapter into gemma-2
My fine-tune outputs gibberish in Ollama, in the notebook it is fine
合并模型之后输出全是乱码
The fine-tuned model never stops, it goes on until max_new_tokens
gemma-3 keeps generating after the answer
微调后模型停不下来
After fine-tuning gemma-7b the model outputs the same token forever
it just prints gibberish now
模型一直重复
the model answers exactly as before, as if the adapter was not there
LoRA training has no effect on gemma-3-1b
grad norm becomes inf after some steps
encode returns NaN for some texts
Loss does not decrease with my data set
gemma-2 训练 loss 不下降
fine-tuning gemma-3-12b with QLoRA runs out of memory on my 3090
显存不足，24G 不够吗
My PC reboots when I train gemma 3 12b
loading gemma-3-27b ... Killed
the process was killed
Fine-tuning on 4 GPUs hangs at the first step
I start train.py and nothing happens
训练卡住不动，显卡占用100%
accelerate launch exits immediately, I see nothing
程序直接退出
Training with LoRA is extremely slow, 90 seconds per iteration
gemma2 微调速度非常慢
after training the answers are worse than the base model's
I can not download gemma
access denied, though I have accepted the licence
Gemma 3 finetuning does not work
训练失败，求助
"""


@pytest.mark.parametrize("line", SHORT.strip().splitlines())
def test_a_line_alone_is_understood_and_names_no_cause(line: str) -> None:
    found = explained(line)
    assert found.generally and not found.causes
    assert not found.generally[0].answer.settles
    assert len(render_text(found).splitlines()) <= 24


DENIED = """
Training works and I do not get NaN loss any more
To avoid OOM I use gradient checkpointing
Upgrading solved the NaN loss problem
If you run out of memory, lower the batch size
the run does not hang
This fixes exploding gradients
The memory leak is fixed
"""


@pytest.mark.parametrize("line", DENIED.strip().splitlines())
def test_what_is_denied_or_only_supposed_is_not_told(line: str) -> None:
    assert explained(line).generally == ()


NOT_TOLD = [
    "Loading checkpoint shards: 100%|##########| 4/4 [00:10<00:00, 2.5s/it]\n",
    "Using bos token; no error correction; it is not slower than before\n",
    "x.py:12: FutureWarning: this will raise an error in v5: it does not work then\n",
    "loss: 1.2 | lr 1e-4 | no effect of clipping\n",
    "INFO frozen layers: 12, slow tokenizer in use, no error\n",
    "from frob import merge, export\nmerge(wrong=True)\n",
    "```python\nprint('it hangs here, does not work')\n```\n",
    "transformers==4.57.3\ngoogle/gemma-3-4b-it\nSaving model checkpoint to out\n",
    "the grade of the road rose very slowly\n",
    "the weather is nice\n" * 100 + "it hangs\n",  # no report
    "## Expected behavior\nTraining should not be slow, and the loss is not NaN\n",
    "- [ ] the training hangs\n",
]


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_a_healthy_run_or_a_form_says_tells_nothing(text: str) -> None:
    assert explained(text).generally == ()


def test_a_run_that_ended_well_is_not_said_to_fail() -> None:
    assert explained("it fails\n{'train_runtime': 100.0, 'train_loss': 1.95}\n").generally == ()


def test_the_title_goes_before_the_rest() -> None:
    found = explained("Gemma 3 training is very slow\nThe loss is 0 at times, and memory grows.\n")
    assert found.generally[0].name == "slow"


def test_an_error_that_is_quoted_goes_before_the_pace() -> None:
    found = explained("Training is slow, then I get FrobError: the frob is bad\n")
    assert found.unknown is not None and found.unknown.kind == "FrobError"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "I use QLoRA on multiple GPUs, it fails: the loss does not decrease",
            "loss-that-does-not",
        ),
        ("On my RTX 5090 the tuned gemma-3 fails to stop generating", "generation-that-does-not"),
        ("I fine-tuned the model offline and its output is garbage", "nonsense-from-a-trained"),
    ],
)
def test_what_went_wrong_goes_before_how_the_run_is_set_up(text: str, name: str) -> None:
    assert explained(text).generally[0].name.startswith(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "{'loss': 1.2, 'epoch': 1.0}\n{'eval_loss': nan, 'epoch': 1.0}",
            "evaluation-not-a-number",
        ),
        ("The eval_loss is nan but train loss looks fine", "evaluation-not-a-number"),
        ("epoch 3: train_loss=1.2, val_loss=nan", "evaluation-not-a-number"),
        ("Training and validation loss are nan", "not-a-number"),
        ("{'loss': nan, 'epoch': 1.0}\n{'eval_loss': nan, 'epoch': 1.0}", "not-a-number"),
    ],
)
def test_a_loss_of_the_evaluation_is_not_that_of_the_training(text: str, name: str) -> None:
    assert explained(text).generally[0].name == name


def test_a_sentence_that_is_broken_over_lines_is_read_whole() -> None:
    text = b"After a few hundred steps the training loss of gemma-3\nsuddenly explodes to huge.\n"
    assert [item.line for item in sentences(text, 2)] == [1]
    assert explained(text.decode()).generally[0].name == "loss-that-swings"


def test_the_exit_status_says_that_a_failure_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "report.txt"
    log.write_text("gemma-3 training hangs\n")
    assert main(["explain", str(log)]) == 3
    assert "py-spy dump --pid PID" in capsys.readouterr().out


def test_the_frames_of_a_traceback_are_no_sentences() -> None:
    """Else the whole table is compiled for every traceback that nothing else answers."""
    error = "ValueError: the frobnicator has 3 of 4 wheels"
    frame = '  File "/home/u/train.py", line 12, in <module>\n    main()\n'
    log = f"Traceback (most recent call last):\n{frame}{error}\n".encode()
    assert [item.text for item in sentences(log, 4)] == [error]


# Whichever language tells of it, the words of the symptom decide.

ELSEWHERE = [
    ("Das Training startet nicht mehr nach dem Update auf transformers 4.57", "one-release-works"),
    ("Mein Modell gibt nach dem Fine-Tuning nur Unsinn aus", "nonsense-from-a-trained-model"),
    ("Le modèle génère du charabia après l'entraînement", "nonsense-from-a-trained-model"),
    ("La pérdida no baja durante el entrenamiento", "loss-that-does-not-fall"),
    ("O modelo não aprende nada", "loss-that-does-not-fall"),
    ("O treinamento está lento e a GPU não é usada", "card-left-idle"),
    ("Модель после дообучения выдаёт мусор", "nonsense-from-a-trained-model"),
    ("Обучение не запускается, помогите", "fails"),
    ("学習を始めるとGPUが使われません", "card-left-idle"),
    ("モデルの読み込みに失敗します", "fails"),
    ("파인튜닝 후 모델이 이상한 출력을 냅니다", "nonsense-from-a-trained-model"),
    ("학습이 시작되지 않습니다", "fails"),
    ("訓練時 loss 一直是 0", "loss-of-zero-is-told"),
    ("微調後模型沒有任何變化，和原模型一樣", "adapter-without-an-effect"),
]


@pytest.mark.parametrize(("text", "name"), ELSEWHERE)
def test_a_symptom_is_found_in_other_languages(text: str, name: str) -> None:
    assert name in [item.name for item in explained(text).generally]


@pytest.mark.parametrize(
    "text",
    [
        "Das Training läuft und der Loss sinkt.",
        "El entrenamiento terminó y el modelo responde bien.",
        "モデルを学習して保存しました。",
        "Обучение завершено, модель сохранена.",
        "學習率設為 2e-4，訓練了三個 epoch。",
    ],
)
def test_a_run_that_went_well_is_well_in_other_languages(text: str) -> None:
    assert explained(text).generally == ()


def test_the_traditional_characters_have_simplified_ones_each() -> None:
    from gemma_compat._explain.told import languages

    traditional, simplified = languages._TRADITIONAL, languages._SIMPLIFIED
    assert len(traditional) == len(simplified) == len(set(traditional))
    assert in_english("訓練時報錯") == "训练时报错"
    assert in_english("学習のエラー").startswith(" training ")


def test_one_sentence_has_one_answer() -> None:
    found = explained("loss is 0 and grad_norm is nan when I train gemma-3 with LoRA")
    assert [item.name for item in found.generally] == ["loss-of-zero-is-told"]
    assert "beside a gradient that is NaN" in told("loss is 0 and grad_norm is nan")


def test_beside_an_error_that_is_answered_no_sentence_is() -> None:
    text = "The loss does not fall when I train.\n\nRuntimeError: No CUDA GPUs are available\n"
    assert [item.name for item in explained(text).generally] == ["no-gpu"]


# A traceback that is cut off.

_FRAMES = """Traceback (most recent call last):
  File "/x/site-packages/transformers/trainer.py", line 3161, in compute_loss
    outputs = model(**inputs)
  File "/x/site-packages/torch/nn/modules/module.py", line 1750, in _call_impl
    return forward_call(*args, **kwargs)
"""
_ADDS = "tokenizer.add_special_tokens({'pad_token': '[PAD]'})\n"
_LOADS = """Traceback (most recent call last):
  File "/x/site-packages/llamafactory/model/loader.py", line 102, in load_tokenizer
    processor = AutoProcessor.from_pretrained(
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_FRAMES, "its last lines are needed"),
        (_FRAMES, "line 3161 of transformers/trainer.py"),
        (f"# IndexError when I train with LoRA\n\n{_FRAMES}", "which line 1 names: IndexError"),
        (f"Gemma fails (NoneType not iterable)\n\n{_FRAMES}", "names: NoneType not iterable"),
        (f"I get `IndexError: pop from it`\n\n{_FRAMES}", "which line 1 tells: IndexError"),
        (
            "OSError                          Traceback (most recent call last)\n"
            "----> 1 trainer.train()\n      2 model.save()\n",
            "of OSError by its first line",
        ),
        (f"{_ADDS}\n{_FRAMES}", "resize_token_embeddings(len(tokenizer))"),
        (_LOADS, "preprocessor_config.json"),
        (
            f"Latest accelerate 0.29.0 broke it\nIt works with accelerate==0.28.0\n\n{_FRAMES}",
            "pip install 'accelerate==0.28.0'",
        ),
    ],
)
def test_of_a_cut_traceback_what_is_known_is_told(text: str, words: str) -> None:
    assert words in told(text)
    assert explained(text).cut_at


@pytest.mark.parametrize(
    "text",
    [
        f"{_ADDS}model.resize_token_embeddings(len(tokenizer))\n\n{_FRAMES}",
        f"{_ADDS}\n{_LOADS}",
        f"The IndexError was caught and ignored.\n\n{_FRAMES}",
    ],
)
def test_of_a_cut_traceback_nothing_else_is_told(text: str) -> None:
    answer = told(text)
    assert "behind the line that adds tokens" not in answer and "names:" not in answer


# What was asked for in a release that only a command names.


def test_a_release_in_a_command_is_not_the_installed_one() -> None:
    answer = told(
        "`TypeError: SFTTrainer.__init__() got an unexpected keyword argument 'max_seq_length'`\n\n"
        "**Workaround**\n`pip install trl==0.12.0`\nworks.\n"
    )
    assert "what ran is another release" not in answer and "max_length" in answer


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DPO rewards are stuck at zero", "is_trainable=True"),
        ("GRPO rewards are stuck at zero", "log_completions"),
        ("loss goes down, but rewards/chosen: rewards stay at 0", "ln 2"),
    ],
)
def test_rewards_are_answered_by_where_they_come_from(text: str, name: str) -> None:
    assert name in told(text)
