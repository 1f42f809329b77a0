import pytest

from agent.commands import is_greeting, parse


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
    ],
)
def test_a_question_is_no_command(text: str) -> None:
    assert parse(text) is None


def test_greetings_say_nothing_else() -> None:
    assert is_greeting("Hi there!")
    assert is_greeting("你好")
    assert not is_greeting("hi, where is the garden?")
