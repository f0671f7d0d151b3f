"""The words that widgets speak of their own accord, in one place so that a catalogue can take them over."""

from __future__ import annotations

from typing import Final

SKIP: Final = "Skip to content"
MAIN_NAV: Final = "Main"
OPEN_NAV: Final = "Open navigation"
SEARCH: Final = "Search"
SEARCH_HINT: Final = "Go to a page, or search"
NOTHING_FOUND: Final = "Nothing found"
PAGES: Final = "Pages"
PAGES_OF_LIST: Final = "Pages of this list"
ACCOUNT: Final = "Account"
LOG_OUT: Final = "Log out"
THEME: Final = "Theme and language"
LANGUAGES: Final = {"en": "English", "zh-CN": "中文"}
THEMES: Final = {"system": "System", "light": "Light", "dark": "Dark"}
CURRENCY: Final = "Currency"
SANDBOX: Final = "Sandbox: payments are simulated"
SANDBOX_CLOCK: Final = "Clock"
SANDBOX_MOVE: Final = "Move the clock"
SANDBOX_OUTSIDE: Final = "Mailbox and payment pages"
SETTINGS: Final = "Settings"

COPY: Final = "Copy"
COPIED: Final = "Copied"
CLOSE: Final = "Close"
CANCEL: Final = "Cancel"
REASON: Final = "Reason"
MORE: Final = "More acts"
SHOW: Final = "Show"
HIDE: Final = "Hide"
SHOWN_THING: Final = "the password"
OPTIONAL: Final = "optional"
LOADING: Final = "Loading"
PREVIOUS: Final = "Previous"
NEXT: Final = "Next"
SELECTED: Final = "selected"
SELECT_ALL: Final = "Select all on this page"
SELECT_ROW: Final = "Select row"
ROW_ACTS: Final = "Acts for this row"
EMPTY_TABLE: Final = "Nothing matches these filters."

RANGE: Final = "Range"
AS_TABLE: Final = "View as table"
AS_CHART: Final = "View as chart"
NO_DATA: Final = "Nothing happened in this range."

UP: Final = "up"
DOWN: Final = "down"
SAME: Final = "unchanged"
AGAINST: Final = "against"

STEP_DONE: Final = "done"
STEP_CURRENT: Final = "current"
STEP_LATER: Final = "to come"
WHY_WE_ASK: Final = "Why we ask"

REQUEST_ID: Final = "Request"
TRY_AGAIN: Final = "Try again"
GO_HOME: Final = "Go to the start page"
FORBIDDEN_TITLE: Final = "You cannot open this page"
FORBIDDEN_TEXT: Final = "Your account does not have the role this page needs. Ask whoever runs this installation to change it."
MISSING_TITLE: Final = "There is nothing here"
MISSING_TEXT: Final = (
    "The address may be mistyped, or what it named does not belong to this account."
)
BROKEN_TITLE: Final = "This page stopped working"
BROKEN_TEXT: Final = "Nothing you saved is lost. Load the page again; if it stops again, send the text below to whoever runs this installation."
RELOAD: Final = "Load again"
OFFLINE: Final = "The connection is lost. Trying again; what you see may be out of date."

WHY_TITLE: Final = "Why this amount"
WHY_RULE: Final = "Rule"
WHY_PERIOD: Final = "Period"
WHY_CONTRACT: Final = "Price contract"
WHY_EVIDENCE: Final = "What was counted"

PARENT_FEED: Final = "Activity, as the parent sees it"
PARENT_DEVICES: Final = "Devices, as the parent sees them"
