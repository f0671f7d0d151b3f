"""A light client for Turnpike: for vendors' servers, for agents, and for the platform that reports events."""

from turnpike_client.agent import AgentClient as AgentClient
from turnpike_client.agent import AsyncAgentClient as AsyncAgentClient
from turnpike_client.agent import onboard as onboard
from turnpike_client.client import AsyncVendorClient as AsyncVendorClient
from turnpike_client.client import PlatformClient as PlatformClient
from turnpike_client.client import VendorClient as VendorClient
from turnpike_client.client import fetch_jwks as fetch_jwks
from turnpike_client.errors import CeilingExceeded as CeilingExceeded
from turnpike_client.errors import Conflict as Conflict
from turnpike_client.errors import FieldProblem as FieldProblem
from turnpike_client.errors import Forbidden as Forbidden
from turnpike_client.errors import InvalidInput as InvalidInput
from turnpike_client.errors import NotFound as NotFound
from turnpike_client.errors import PaymentRequired as PaymentRequired
from turnpike_client.errors import RateLimited as RateLimited
from turnpike_client.errors import ReceiptError as ReceiptError
from turnpike_client.errors import ScopeDenied as ScopeDenied
from turnpike_client.errors import TurnpikeError as TurnpikeError
from turnpike_client.errors import Unauthorized as Unauthorized
from turnpike_client.errors import Unavailable as Unavailable
from turnpike_client.errors import UpgradeRequired as UpgradeRequired
from turnpike_client.models import AgentUsage as AgentUsage
from turnpike_client.models import AuditEntry as AuditEntry
from turnpike_client.models import Device as Device
from turnpike_client.models import EventsResult as EventsResult
from turnpike_client.models import Invoice as Invoice
from turnpike_client.models import IssuedKey as IssuedKey
from turnpike_client.models import IssuedToken as IssuedToken
from turnpike_client.models import Money as Money
from turnpike_client.models import Onboarding as Onboarding
from turnpike_client.models import Registration as Registration
from turnpike_client.models import Reply as Reply
from turnpike_client.models import SpendLimits as SpendLimits
from turnpike_client.models import Usage as Usage
from turnpike_client.omni import device_actor as device_actor
from turnpike_client.receipts import JwksCache as JwksCache
from turnpike_client.receipts import Receipt as Receipt
from turnpike_client.receipts import verify_receipt as verify_receipt
from turnpike_client.version import VERSION

__version__ = VERSION
