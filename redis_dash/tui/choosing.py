"""What the user chooses for kinds of keys: asks for it, passes it to the feed, and says where it is remembered."""

from __future__ import annotations

from pathlib import PurePath

from redis_dash.core.errors import DashError
from redis_dash.core.feed import Feed
from redis_dash.tui.intents import Answer, AnswerGiven, FormRequested, OptionsRequested
from redis_dash.tui.terminal_app import TerminalApp
from redis_dash.tui.text import plain


class ChoosingApp(TerminalApp):
    """The part of the app that takes choices. Nothing of it is written to Redis."""

    _feed: Feed | None = None

    def on_form_requested(self, message: FormRequested) -> None:
        """A pane asks for values."""
        from redis_dash.tui.screens.form import FormScreen  # imported here, for a quick start

        self.clear_notifications()  # they would cover the form
        self.open(FormScreen(message.form), self._take)

    def on_options_requested(self, message: OptionsRequested) -> None:
        """A pane asks to choose from a list."""
        from redis_dash.tui.screens.options import OptionsScreen

        self.clear_notifications()
        self.open(OptionsScreen(message.options), self._take)

    def on_answer_given(self, message: AnswerGiven) -> None:
        """A pane has a choice that needs no further question."""
        self._take(message.answer)

    def _take(self, answer: Answer | None) -> None:
        """Pass the choice on, and say what has become of it."""
        if answer is None:
            return
        if self._feed is None:
            self.notify("There is no connection: nothing was changed.", severity="warning", markup=False)
            return
        try:
            chosen = self._feed.choose(answer.choice)
        except DashError as error:
            self.notify(plain(str(error), 300), title="Not changed", severity="error", timeout=10, markup=False)
            return
        if chosen.trouble:
            text = f"{answer.done} It is forgotten when the dashboard ends: {plain(_named(chosen.trouble), 200)}"
            self.notify(text, title="Not saved", severity="warning", timeout=10, markup=False)
            return
        name = PurePath(chosen.remembered).name
        where = f"Saved in {plain(name, 60)}" if name else "Kept until the dashboard ends"
        self.notify(f"{answer.done} {where}.", timeout=8, markup=False)


def _named(trouble: str) -> str:
    """``dashboard.toml: Permission denied``: a notice is so narrow that a whole path would break in mid-word."""
    path, colon, why = trouble.partition(": ")
    return f"{PurePath(path).name}{colon}{why}"
