"""Every message a person can meet.

An error says *what* happened, *why*, and what to do *next*, and names the thing it
is about. Modules raise these through the named constructors below, so that all the
wording stands in one place::

    TsalabError
    ├── BatchError          a roster cannot be read, or a batch not be run
    ├── SettingError        a parameter or setting is unknown or malformed
    ├── ProfileError        the AWS profile is missing, or AWS refuses it
    ├── TemplateError       infra.yml cannot be read or edited
    ├── CloudError          AWS refused a call, or a resource is not as the lab needs it
    │   ├── UnseenError     AWS does not let us look, or does not answer
    │   └── UnmanagedError  SSM does not manage the instance
    ├── ServerError         the web server cannot be reached, or a command on it failed
    │   ├── NoAnswerError   nobody answers on port 22
    │   └── NoKeyError      no key at hand opens it
    ├── MigrationError      the data could not be read, written or verified
    │   └── CaptureError    the changes of a source cannot be read, or not be applied
    ├── DiagnosisError      the cause that stands behind one of these
    │   ├── PortClosedError the web server's security group does not let us in
    │   └── AuroraAsleepError  the cluster is paused, or still waking
    ├── GradeError          something that grading goes by cannot be used
    ├── ExperimentError     an experiment cannot be made here
    ├── CutoverError        the gallery cannot be cut over, or not taken back
    ├── LedgerError         a sandbox's ledger, or a key for one, cannot be used
    ├── FaultError          a fault cannot be made here, or now
    ├── SiteError           the site does not answer as it should
    ├── RecordError         a step record or journal is unreadable
    ├── ResetError          the lab could not go back to before a step
    ├── StepError           a step's check did not pass
    └── SandboxError        the embedded AWS cannot start, or a tool it needs is missing

No message ever holds a secret's value: constructors take names, never contents.
"""

from __future__ import annotations

from tsalab.errors.base import TsalabError
from tsalab.errors.batch import BatchError
from tsalab.errors.capture import CaptureError
from tsalab.errors.cloud import CloudError, UnmanagedError, UnseenError
from tsalab.errors.cutover import CutoverError
from tsalab.errors.diagnosis import AuroraAsleepError, DiagnosisError, PortClosedError
from tsalab.errors.experiment import ExperimentError
from tsalab.errors.fault import FaultError
from tsalab.errors.grade import GradeError
from tsalab.errors.ledger import LedgerError
from tsalab.errors.migration import MigrationError
from tsalab.errors.profile import ProfileError
from tsalab.errors.record import RecordError
from tsalab.errors.reset import ResetError
from tsalab.errors.sandbox import SandboxError
from tsalab.errors.server import NoAnswerError, NoKeyError, ServerError
from tsalab.errors.settings import SettingError
from tsalab.errors.site import SiteError
from tsalab.errors.step import StepError
from tsalab.errors.template import TemplateError

__all__ = [
    "AuroraAsleepError",
    "BatchError",
    "CaptureError",
    "CloudError",
    "CutoverError",
    "DiagnosisError",
    "ExperimentError",
    "FaultError",
    "GradeError",
    "LedgerError",
    "MigrationError",
    "NoAnswerError",
    "NoKeyError",
    "PortClosedError",
    "ProfileError",
    "RecordError",
    "ResetError",
    "SandboxError",
    "ServerError",
    "SettingError",
    "SiteError",
    "StepError",
    "TemplateError",
    "TsalabError",
    "UnmanagedError",
    "UnseenError",
]
