"""LangChain's own tests of chat models, against a provider on the loopback."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from langchain_bestofn import BestOfNChatModel
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

pytestmark = [
    pytest.mark.anyio,
    # ChatOpenAI says so of the standard tests' old schemas.
    pytest.mark.filterwarnings("ignore:Received a Pydantic BaseModel V1 schema:UserWarning"),
]

CHILDREN = (
    "the handler hears of every sample and judgment as well, as runs below the model's own; "
    "test_tracing and test_structured check the run that the standard test is about"
)


class TestUnit(ChatModelUnitTests):
    """Nothing is asked here."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return BestOfNChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "openai:loopback", "n": 2, "api_key": "test"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        expected = {"n": 3, "model_name": "loopback"}
        return {"OPENAI_API_KEY": "test"}, {"model": "openai:loopback", "n": 3}, expected


class TestIntegration(ChatModelIntegrationTests):
    """Samples are drawn and judged."""

    settings: dict[str, Any]

    @pytest.fixture(autouse=True)
    def _connect(self, class_provider, clients) -> None:
        type(self).settings = clients(class_provider.url)

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return BestOfNChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "openai:loopback", "n": 3, **self.settings}

    @property
    def supports_json_mode(self) -> bool:
        return True

    # What follows is switched off because the standard tests fetch the pictures, sounds and files
    # from the internet; test_chat_model sends a picture of its own.
    supports_image_inputs = False
    supports_image_urls = False
    supports_image_tool_message = False
    supports_pdf_inputs = False
    supports_pdf_tool_message = False
    supports_audio_inputs = False
    # The inner model decides what it takes, and ChatOpenAI does not take Anthropic's blocks.
    supports_anthropic_inputs = False
    # Its one test measures the time of a recorded stream; nothing is recorded here.
    enable_vcr_tests = False

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "another"

    @pytest.mark.xfail(reason=CHILDREN, strict=True)
    @pytest.mark.parametrize("schema_type", ["pydantic", "typeddict", "json_schema"])
    def test_structured_output(
        self,
        model: BaseChatModel,
        schema_type: Literal["pydantic", "typeddict", "json_schema"],
    ) -> None:
        super().test_structured_output(model, schema_type)

    @pytest.mark.xfail(reason=CHILDREN, strict=True)
    @pytest.mark.parametrize("schema_type", ["pydantic", "typeddict", "json_schema"])
    async def test_structured_output_async(
        self,
        model: BaseChatModel,
        schema_type: Literal["pydantic", "typeddict", "json_schema"],
    ) -> None:
        await super().test_structured_output_async(model, schema_type)
