"""Makes a small Llama-shaped model folder without weights: vLLM fills them in with --load-format dummy.

usage: make_model.py FOLDER [--slow] [--weights] [--no-template]

--slow         one of about 15 ms a token on one core, for tests that watch a stream while it runs
--weights      random ones in a file, for those who start it as they would any other model
--no-template  one that knows no chats
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SENTENCES = [
    "The scheduler wakes the model when somebody asks for it.",
    "A batch job starts on a node and says where its engine answers.",
    "Tokens stream back to the caller one after the other, until the last.",
    "When nobody asks any more the model goes back to sleep.",
]

TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)


def main() -> None:
    folder = Path(sys.argv[1])
    flags = sys.argv[2:]
    slow = "--slow" in flags
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=["<unk>", "<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    width = 1024 if slow else 128
    heads = 16 if slow else 4
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": width,
        "intermediate_size": width * 4 if slow else 256,
        "num_hidden_layers": 12 if slow else 2,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": width // heads,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "torch_dtype": "bfloat16",
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    write(folder / "config.json", config)
    if "--weights" in flags:
        write_weights(folder / "model.safetensors", config)
    template = {} if "--no-template" in flags else {"chat_template": TEMPLATE}
    write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "model_max_length": 8192,
            **template,
        },
    )
    write(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2})


def write_weights(path: Path, config: dict) -> None:
    # numpy has no bfloat16; vLLM turns them into what it computes with.
    import numpy
    from safetensors.numpy import save_file

    width, inner = config["hidden_size"], config["intermediate_size"]
    shapes = {"model.embed_tokens.weight": (config["vocab_size"], width), "model.norm.weight": (width,)}
    for number in range(config["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        shapes |= {f"{layer}.{norm}_layernorm.weight": (width,) for norm in ("input", "post_attention")}
        shapes |= {f"{layer}.self_attn.{part}_proj.weight": (width, width) for part in "qkvo"}
        shapes |= {f"{layer}.mlp.{part}_proj.weight": (inner, width) for part in ("gate", "up")}
        shapes[f"{layer}.mlp.down_proj.weight"] = (width, inner)
    random = numpy.random.default_rng(0)
    tensors = {name: random.normal(0, 0.05, shape).astype(numpy.float32) for name, shape in shapes.items()}
    save_file(tensors, str(path), metadata={"format": "pt"})


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()
