"""CloudFormation acts with its caller's permissions, or with the role that a stack was given.

AWS does so by forward access sessions: who may create a stack, but no bucket, gets a
stack that fails at its bucket. MiniStack's handlers ask nobody. Here each creation, change
and deletion of a resource is held against the policies of who asked for it, before it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control.pipeline.roles import trusts
from tsalab.sandbox.control.taken import ACTIONS, arn_of

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "core.iam_actions.identity_denial_message",
    "core.iam_evaluator.EvalContext",
    "core.iam_evaluator.PrincipalInfo",
    "core.iam_evaluator._gather_role_policies",
    "core.iam_evaluator._names_condition_key",
    "core.iam_evaluator._permissions_boundary",
    "core.iam_evaluator._verified_key",
    "core.iam_evaluator.evaluate",
    "core.iam_evaluator.resolve_principal",
    "services.cloudformation._ACTION_HANDLERS",
    "services.cloudformation._stacks",
    "services.cloudformation.helpers._error",
    "services.cloudformation.helpers._p",
    "services.cloudformation.stacks._delete_resource",
    "services.cloudformation.stacks._provision_resource",
    "services.cloudformation.stacks._update_resource",
    "services.iam._instance_profiles",
    "services.iam._roles",
    "services.tagging.resource_tags",
)
_ROLE = "_role_arn"  # in MiniStack's record of a stack, which is kept
_NEVER_GIVEN = "?" * 12  # stands for what CloudFormation adds to a name that it makes


def install(context: Context) -> None:
    """Ask before each resource, and remember the role that a stack is given."""
    from ministack.services import cloudformation
    from ministack.services.cloudformation import stacks

    asking = _Asking(context)
    for action in ("CreateStack", "UpdateStack", "DeleteStack"):
        original = cloudformation._ACTION_HANDLERS[action]
        cloudformation._ACTION_HANDLERS[action] = asking.with_role(original)
    stacks._provision_resource = asking.creating(stacks._provision_resource)
    stacks._update_resource = asking.updating(stacks._update_resource)
    stacks._delete_resource = asking.deleting(stacks._delete_resource)


class _Asking:
    def __init__(self, context: Context) -> None:
        self._context = context

    def with_role(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A stack that was once given a role keeps it for whatever is done to it later."""
        from ministack.services import cloudformation
        from ministack.services.cloudformation.helpers import _error, _p

        def act(params: Any) -> Any:
            name, role = _p(params, "StackName"), _p(params, "RoleARN")
            if not role:
                return original(params)
            try:
                self._refuse_role(role)
            except PermissionError as error:
                return _error("AccessDenied", str(error), 403)
            except ValueError as error:
                return _error("ValidationError", str(error))
            if (there := _stack(name)) is not None:
                there[_ROLE] = role
            answer = original(params)
            # A stack that has just been made begins after this request, on the same loop.
            if name in cloudformation._stacks:
                cloudformation._stacks[name][_ROLE] = role
            return answer

        return act

    def _refuse_role(self, role: str) -> None:
        """Refuse a role that the caller may not pass, or that CloudFormation cannot assume."""
        from ministack.services import iam

        self._hold(self._caller(), ["iam:PassRole"], role)
        found = iam._roles.get(role.rpartition("/")[2])
        if found is None or not trusts(found["AssumeRolePolicyDocument"], "cloudformation.amazonaws.com"):
            raise ValueError(f"Role {role} is invalid or cannot be assumed")

    def demand(self, action: str, arn: str) -> None:
        self._hold(self._caller(), [action], arn)

    def creating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def provision(kind: str, logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            name = f"{stack_name}-{logical_id}-{_NEVER_GIVEN}"
            self._ask("create", kind, name, props, stack_name)
            return original(kind, logical_id, props, stack_name)

        return provision

    def updating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def update(
            kind: str, physical_id: str, old: Any, new: dict[str, Any], stack_name: str, *rest: Any
        ) -> Any:
            self._ask("update", kind, physical_id, new, stack_name)
            return original(kind, physical_id, old, new, stack_name, *rest)

        return update

    def deleting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(
            kind: str, physical_id: str, props: dict[str, Any], stack_name: str = "", *rest: Any
        ) -> Any:
            self._ask("delete", kind, physical_id, props, stack_name)
            return original(kind, physical_id, props, stack_name, *rest)

        return delete

    def _ask(self, verb: str, kind: str, name: str, props: Mapping[str, Any], stack_name: str) -> None:
        """Refuse what the stack's role, or else the caller, may not do.

        Raises
        ------
        ValueError
            In the words with which CloudFormation reports it.
        """
        who = self._acting_for(stack_name)
        if who is None or who.policies is None or kind not in ACTIONS:
            return  # the account's root; or a type that `strict` refuses
        arn = arn_of(kind, name, props, self._context)
        self._hold(who, ACTIONS[kind].needed(verb, props), arn)
        if verb != "delete":
            for role in self._passed(kind, props):
                self._hold(who, ["iam:PassRole"], role)

    def _passed(self, kind: str, props: Mapping[str, Any]) -> Iterator[str]:
        """Roles that a resource is handed, as ARNs."""
        from ministack.services import iam

        if role := ACTIONS[kind].passes:
            given = str(props.get(role, ""))
            if kind != "AWS::EC2::Instance":
                yield given
                return
            for one in (iam._instance_profiles.get(given) or {}).get("Roles", []):
                yield iam._roles[one]["Arn"]

    def _acting_for(self, stack_name: str) -> Any:
        role = (_stack(stack_name) or {}).get(_ROLE)
        if not role:
            return self._caller()
        return self._in_role(role, "AWSCloudFormation")

    def _in_role(self, role: str, session: str) -> Any:
        from ministack.core import iam_evaluator
        from ministack.services import iam

        name = role.rpartition("/")[2]
        account = self._context.account_id
        return iam_evaluator.PrincipalInfo(
            arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            type="AssumedRole",
            account=account,
            policies=iam_evaluator._gather_role_policies(name, account),
            limits=iam_evaluator._permissions_boundary(iam._roles, name, account),
        )

    def _caller(self) -> Any:
        """Who sent the request that this runs for; tasks and threads inherit it. None outside of one."""
        from ministack.core import iam_evaluator

        key = iam_evaluator._verified_key.get()
        if not key:
            return None
        found = iam_evaluator.resolve_principal(key, self._context.account_id)
        if isinstance(found, iam_evaluator.AuthError):
            raise ValueError(found.message)  # noqa: TRY004 - what MiniStack makes an event of
        return found

    def _hold(self, who: Any, actions: Iterable[str], arn: str) -> None:
        from ministack.core import iam_evaluator
        from ministack.core.iam_actions import identity_denial_message
        from ministack.services.tagging import resource_tags

        if who is None or who.policies is None:
            return
        tags: dict[str, Any] = {}
        if iam_evaluator._names_condition_key(who.policies, "aws:resourcetag/"):
            tags = {
                f"aws:resourcetag/{key}".lower(): value for key, value in (resource_tags(arn) or {}).items()
            }
        for action in actions:
            asked = iam_evaluator.EvalContext(
                principal_arn=who.arn,
                principal_type=who.type,
                principal_account=who.account,
                action=action,
                resource_arn=arn,
                region=self._context.region,
                service_context={"aws:tagkeys": None, **tags},
                principal_keys=who.keys,
            )
            answer = iam_evaluator.evaluate(asked, who.policies, *who.limits)
            if answer.decision != "Allow":
                raise RefusedError(identity_denial_message(action, who.arn, arn, answer.decision == "Deny"))


def demand(context: Context, action: str, arn: str) -> None:
    """Refuse whoever makes the request being handled what its policies do not allow.

    Raises
    ------
    RefusedError
        In AWS's words.
    """
    _Asking(context).demand(action, arn)


def role_may(context: Context, role_arn: str, service: str, action: str, arn: str) -> bool:
    """Whether a role that a service assumes may do something.

    Parameters
    ----------
    context
        The sandbox.
    role_arn, service
        The role, and the service's principal, which it has to trust.
    action, arn
        What is done, to what.
    """
    from ministack.services import iam

    asking = _Asking(context)
    with context.scope():
        found = iam._roles.get(role_arn.rpartition("/")[2])
        if found is None or not trusts(found["AssumeRolePolicyDocument"], service):
            return False
        try:
            asking._hold(asking._in_role(role_arn, service), [action], arn)
        except RefusedError:
            return False
    return True


def acting_for(context: Context, stack_name: str) -> str:
    """ARN of whom CloudFormation acts for: the stack's role, or who asked for it; empty for nobody."""
    who = _Asking(context)._acting_for(stack_name)
    return str(who.arn) if who is not None else ""


class RefusedError(ValueError, PermissionError):
    """A permission that the caller lacks; MiniStack makes an event of its words."""


def _stack(name: str) -> dict[str, Any] | None:
    """MiniStack's record of a stack, by its name or its id."""
    from ministack.services import cloudformation

    name = name.split("/")[1] if name.startswith("arn:") else name
    found: dict[str, Any] | None = cloudformation._stacks.get(name)
    return found
