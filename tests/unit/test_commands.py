import time

import pytest

from agent.commands import asks_back, is_greeting, parse, urls


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("remember that the offsite is in May", "remember", {"text": "the offsite is in May"}),
        ("Please remember: doors close at 6", "remember", {"text": "doors close at 6"}),
        ("记住：周五关门", "remember", {"text": "周五关门"}),
        ("post in #general: lunch is here", "post_message", {"channel": "general", "text": "lunch is here"}),
        ('post "we ship today" to #eng-all', "post_message", {"channel": "eng-all", "text": "we ship today"}),
        ("tell #ops that the disk is full", "post_message", {"channel": "ops", "text": "the disk is full"}),
        ("calculate 12 * 7.5", "run_python", {"code": "12 * 7.5"}),
        ("what does https://example.org/a say?", "read_page", {"url": "https://example.org/a"}),
    ],
)
def test_a_plain_imperative_is_a_command(text: str, tool: str, arguments: dict[str, str]) -> None:
    command = parse(text)
    assert command is not None
    assert (command.tool, command.arguments) == (tool, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "remember when we met in Paris?",
        "How do I post a message?",
        "Who runs the garden?",
        "calculate my taxes for me please",
        "calculate 15% of my salary",
        "```\nlatency - errors\n```",
        "```text\n1 + 1\n```",
        "```python\nprint(1)\n```\nwhy does this print 1?",
    ],
)
def test_a_question_is_no_command(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("Calculate 1,000 × 3 = ?", "run_python", {"code": "1000 * 3"}),
        ("compute max(1,200)", "run_python", {"code": "max(1,200)"}),
        ("run this code: print(6 * 7)", "run_python", {"code": "print(6 * 7)"}),
        ("Run this:\n```python\nx = 3\nx * 2\n```", "run_python", {"code": "x = 3\nx * 2"}),
        ("计算 12*3", "run_python", {"code": "12*3"}),
        ("calculate 15% of 200", "run_python", {"code": "15 / 100 * 200"}),
        ("what is 15% of 200?", "run_python", {"code": "15 / 100 * 200"}),
        ("What's 1,000 × 3?", "run_python", {"code": "1000 * 3"}),
        ("how much is (12.50 + 7) / 2?", "run_python", {"code": "(12.50 + 7) / 2"}),
        ("Can you tell me what 12 * 7.5 is?", "run_python", {"code": "12 * 7.5"}),
        ("12 * 7.5 = ?", "run_python", {"code": "12 * 7.5"}),
        ("15% of 200", "run_python", {"code": "15 / 100 * 200"}),
        ("12*3等于多少？", "run_python", {"code": "12*3"}),
        ("200 - 15 是多少", "run_python", {"code": "200 - 15"}),
        ("Compute 7.5 percent of 1,200 + 3", "run_python", {"code": "7.5 / 100 * 1200 + 3"}),
        ("```python\nx = 3\nprint(x * 2)\n```", "run_python", {"code": "x = 3\nprint(x * 2)"}),
        ("```\nsum(range(10))\n```", "run_python", {"code": "sum(range(10))"}),
        ("https://example.org/a", "read_page", {"url": "https://example.org/a"}),
        ("<https://example.org/a>", "read_page", {"url": "https://example.org/a"}),
        ("Can you read https://example.org/a?", "read_page", {"url": "https://example.org/a"}),
        ("Please summarise (https://example.org/a_(b)).", "read_page", {"url": "https://example.org/a_(b)"}),
        ("总结 https://example.org/a，谢谢", "read_page", {"url": "https://example.org/a"}),
        ("Can you remember that the offsite is in May?", "remember", {"text": "the offsite is in May"}),
        ("请帮我记住：周五关门", "remember", {"text": "周五关门"}),
        ("Could you post “we ship” in #general?", "post_message", {"channel": "general", "text": "we ship"}),
        ("say 'hi' and 'bye' to #general", "post_message", {"channel": "general", "text": "'hi' and 'bye'"}),
        ("tell #ops 🎉", "post_message", {"channel": "ops", "text": "🎉"}),
        ("Tell #ops: are you there?", "post_message", {"channel": "ops", "text": "are you there?"}),
        ("let #ops know that we ship", "post_message", {"channel": "ops", "text": "we ship"}),
        ("announce to #general that we ship", "post_message", {"channel": "general", "text": "we ship"}),
        ("在 #general 频道发布：午饭好了", "post_message", {"channel": "general", "text": "午饭好了"}),
        ("告诉#ops磁盘满了", "post_message", {"channel": "ops", "text": "磁盘满了"}),
        ("把“午饭好了”发到 #general", "post_message", {"channel": "general", "text": "午饭好了"}),
    ],
)
def test_people_put_it_in_many_ways(text: str, tool: str, arguments: dict[str, str]) -> None:
    command = parse(text)
    assert command is not None
    assert (command.tool, command.arguments) == (tool, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "Calculate the vacation days for 3 years of service",
        "calculate my-vacation-days",
        "tell #general",
        "Tell #general.",
        "what is 24/7?",
        "what is 2026-10-11?",
        "what is +49 30 1234?",
        "what is 1984?",
        "what is 100%?",
        "what is list[int]?",
        "what is the 3-2-1 rule?",
        "how much is 15% of my salary?",
        "what is 5 days + 2 days?",
        "what is max(1, 2)?",
        "1. 2 + 3",
        "Calculate 30",
        "run the tests",
        "execute ```bash\nls\n```",
        "calculate " + "1 + " * 5_000 + "1",
        "Why does https://wiki.internal/x say 30 days of vacation?",
        "Is https://example.org up?",
        "I like https://example.org/a",
        "Can you tell me who runs the garden?",
        "Do you remember who has the key?",
        "Remember when we met",
        "remembered that it was fun",
        "记住了吗？",
        "Did we post in #general: lunch is here?",
        "tell me about #ops",
    ],
)
def test_what_only_sounds_like_a_command_is_none(text: str) -> None:
    assert parse(text) is None


def test_addresses_are_whole_and_without_what_follows_them() -> None:
    text = "[a](https://a.b/c_(d)), https://a.b/e. (https://a.b/Python_(language)) https://a.b/f）。"
    assert urls(text) == ["https://a.b/c_(d)", "https://a.b/e", "https://a.b/Python_(language)", "https://a.b/f"]


def test_greetings_say_nothing_else() -> None:
    assert is_greeting("Hi there!")
    assert is_greeting("你好")
    assert not is_greeting("hi, where is the garden?")


@pytest.mark.parametrize(
    ("text", "attached", "files"),
    [
        ("remember this file", [], []),
        ("Keep the attached report.", ["q3.pdf"], []),
        ("save this PDF", ["q3.pdf"], []),
        ("Please save these two documents in the knowledge base", ["a.md", "b.md"], []),
        ("Can you keep this file?", ["a.md"], []),
        ("could you add the attached meeting notes to our knowledge base, please?", ["a.md"], []),
        ("Keep this file. It has the new rates.", ["a.md"], []),
        ("keep this", ["a.md"], []),
        ("save these for later", ["a.md", "b.md"], []),
        ("remember this report", ["q3.pdf"], []),
        ("keep a.md", ["a.md", "b.md"], ["a.md"]),
        ("remember “Q3 report.pdf” and b.md", ["Q3 report.pdf", "b.md", "c.md"], ["Q3 report.pdf", "b.md"]),
        ("save the file budget.xlsx", ["a.md"], ["budget.xlsx"]),
        ("记住这个文件", ["a.md"], []),
        ("请把附件保存到知识库", ["a.md"], []),
    ],
)
def test_files_that_came_with_a_message_are_to_be_kept(text: str, attached: list[str], files: list[str]) -> None:
    command = parse(text, attached)
    assert command is not None
    assert (command.tool, command.arguments) == ("remember_file", {"files": files})


@pytest.mark.parametrize(
    "text",
    [
        "what does this file say?",
        "do you remember this file?",
        "remember this file?",
        "Keep this file. What does it say?",
        "summarise the attached report",
        "keep this in mind",
        "who keeps the attached report",
        "save the whales",
        "keep calm",
        "is a.md out of date?",
        "这个文件说了什么？",
        "keep a.md short",
    ],
)
def test_a_question_about_a_file_stays_one(text: str) -> None:
    assert parse(text, ["a.md"]) is None


@pytest.mark.parametrize("text", ["remember that a.md is out of date", "remember that file sizes are in MB"])
def test_a_note_about_a_file_stays_a_note(text: str) -> None:
    command = parse(text, ["a.md"])
    assert command is not None
    assert command.tool == "remember"


def test_without_files_this_is_no_file() -> None:
    assert parse("keep this") is None


@pytest.mark.parametrize(
    "text",
    ["remember", "Remember this.", "remember it", "please note down", "记住", "记住这个", "post", "announce this!"],
)
def test_an_action_and_nothing_else_is_asked_back(text: str) -> None:
    assert asks_back(text)
    assert parse(text) is None


@pytest.mark.parametrize(
    "text", ["remember that we meet at ten", "do you remember the rate?", "the post arrives at ten", "hi"]
)
def test_whoever_says_more_is_not_asked_back(text: str) -> None:
    assert not asks_back(text)


@pytest.mark.parametrize("text", ["能" * 60, "能" * 8_000, "你能不能" * 2_000, "please " * 1_000 + "能" * 40])
def test_a_message_of_polite_words_alone_holds_nobody_up(text: str) -> None:
    started = time.monotonic()
    assert parse(text) is None
    assert asks_back(text) == ""
    assert time.monotonic() - started < 1.0
