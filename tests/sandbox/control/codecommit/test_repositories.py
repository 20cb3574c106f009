"""CodeCommit through boto3: repositories, branches, commits, files."""

from __future__ import annotations

import pytest
from code_plane import refusal

from .kit import put


def test_a_repository_is_shown_with_its_address(api, plane, repo):
    facts = api.get_repository(repositoryName=repo)["repositoryMetadata"]
    assert facts["cloneUrlHttp"] == f"{plane.facts['git']}/v1/repos/{repo}"
    assert facts["Arn"] == f"arn:aws:codecommit:us-east-1:{plane.account}:{repo}"
    assert facts["repositoryDescription"] == "a test's"
    assert "defaultBranch" not in facts
    assert (plane.root / "repositories" / f"{repo}.git" / "HEAD").is_file()


def test_repositories_are_listed_renamed_described_and_tagged(api, plane, repo):
    other = f"{repo}.other"
    api.create_repository(repositoryName=other)
    names = [
        row["repositoryName"] for row in api.list_repositories(sortBy="lastModifiedDate")["repositories"]
    ]
    assert names.index(repo) < names.index(other)
    down = api.list_repositories(sortBy="repositoryName", order="descending")["repositories"]
    assert [row["repositoryName"] for row in down] == sorted(names, reverse=True)
    api.update_repository_name(oldName=other, newName=f"{repo}-new")
    assert refusal(api.update_repository_name, oldName=f"{repo}-new", newName=repo)[0] == (
        "RepositoryNameExistsException"
    )
    api.update_repository_description(repositoryName=f"{repo}-new", repositoryDescription="new")
    both = api.batch_get_repositories(repositoryNames=[f"{repo}-new", other])
    assert both["repositories"][0]["repositoryDescription"] == "new"
    assert both["repositoriesNotFound"] == [other]
    arn = both["repositories"][0]["Arn"]
    api.tag_resource(resourceArn=arn, tags={"x": "1", "y": "2"})
    api.untag_resource(resourceArn=arn, tagKeys=["x"])
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == {"y": "2"}
    assert api.delete_repository(repositoryName=f"{repo}-new")["repositoryId"]
    assert "repositoryId" not in api.delete_repository(repositoryName=f"{repo}-new")
    assert (
        refusal(api.list_tags_for_resource, resourceArn="arn:aws:s3:::x")[0] == "InvalidResourceArnException"
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "a.git", "..", "a b", "x" * 101])
def test_names_that_lead_elsewhere_are_refused(api, plane, name):
    from botocore.exceptions import ParamValidationError

    try:
        code, _ = refusal(api.create_repository, repositoryName=name)
    except ParamValidationError:
        return
    assert code in {"InvalidRepositoryNameException", "ValidationException"}
    assert refusal(api.get_repository, repositoryName=name)[0] == code


def test_what_is_there_twice_missing_or_not_done_is_refused(api, repo):
    assert refusal(api.create_repository, repositoryName=repo)[0] == "RepositoryNameExistsException"
    assert (
        refusal(api.create_repository, repositoryName="k", kmsKeyId="x")[0] == "OperationNotAllowedException"
    )
    assert refusal(api.get_repository, repositoryName="none")[0] == "RepositoryDoesNotExistException"
    many = [f"r{n}" for n in range(26)]
    assert (
        refusal(api.batch_get_repositories, repositoryNames=many)[0]
        == "MaximumRepositoryNamesExceededException"
    )
    long = "x" * 1001
    assert refusal(api.update_repository_description, repositoryName=repo, repositoryDescription=long)[0] == (
        "InvalidRepositoryDescriptionException"
    )
    code, message = refusal(api.get_repository_triggers, repositoryName=repo)
    assert (code, "GetRepositoryTriggers" in message) == ("NotImplementedException", True)


def test_the_first_branch_is_the_default_one(api, repo, first):
    assert api.get_repository(repositoryName=repo)["repositoryMetadata"]["defaultBranch"] == "master"
    api.create_branch(repositoryName=repo, branchName="feature/one", commitId=first)
    assert api.list_branches(repositoryName=repo)["branches"] == ["feature/one", "master"]
    assert api.get_branch(repositoryName=repo, branchName="feature/one")["branch"]["commitId"] == first
    create = {"repositoryName": repo, "branchName": "feature/one"}
    assert refusal(api.create_branch, commitId=first, **create)[0] == "BranchNameExistsException"
    assert refusal(api.create_branch, commitId="0" * 39 + "1", **create)[0] == "CommitDoesNotExistException"
    assert refusal(api.delete_branch, repositoryName=repo, branchName="master")[0] == (
        "DefaultBranchCannotBeDeletedException"
    )
    api.update_default_branch(repositoryName=repo, defaultBranchName="feature/one")
    assert api.delete_branch(repositoryName=repo, branchName="master")["deletedBranch"]["commitId"] == first
    assert "deletedBranch" not in api.delete_branch(repositoryName=repo, branchName="master")
    assert (
        refusal(api.get_branch, repositoryName=repo, branchName="master")[0] == "BranchDoesNotExistException"
    )


@pytest.mark.parametrize("name", ["a..b", "-x", "a.lock", "a//b", "a b", ".a", "a@{1}", "HEAD"])
def test_branch_names_that_git_forbids_are_refused(api, repo, name):
    assert refusal(api.get_branch, repositoryName=repo, branchName=name)[0] == "InvalidBranchNameException"


def test_a_commit_is_read_back(api, repo, first):
    commit = api.get_commit(repositoryName=repo, commitId=first)["commit"]
    assert (commit["author"]["name"], commit["author"]["email"]) == ("Ann", "ann@example.com")
    assert (commit["message"], commit["parents"]) == ("first", [])
    several = api.batch_get_commits(repositoryName=repo, commitIds=[first, "1" * 40, "x"])
    assert [one["treeId"] for one in several["commits"]] == [commit["treeId"]]
    assert [one["commitId"] for one in several["errors"]] == ["1" * 40, "x"]
    assert (
        refusal(api.get_commit, repositoryName=repo, commitId="1" * 40)[0] == "CommitIdDoesNotExistException"
    )
    assert refusal(api.get_commit, repositoryName=repo, commitId="abc")[0] == "InvalidCommitIdException"


def test_files_and_folders_are_read_back(api, repo, first):
    file = api.get_file(repositoryName=repo, filePath="utils/config.js")
    assert (file["fileContent"], file["fileMode"], file["commitId"]) == (b"1\n", "NORMAL", first)
    assert api.get_blob(repositoryName=repo, blobId=file["blobId"])["content"] == b"1\n"
    program = api.get_file(repositoryName=repo, filePath="/run.sh", commitSpecifier="refs/heads/master")
    assert program["fileMode"] == "EXECUTABLE"
    root = api.get_folder(repositoryName=repo, folderPath="/", commitSpecifier=first)
    assert [row["absolutePath"] for row in root["files"]] == ["empty", "run.sh"]
    assert [row["relativePath"] for row in root["subFolders"]] == ["utils"]
    assert [row["fileMode"] for row in root["symbolicLinks"]] == ["SYMLINK"]
    below = api.get_folder(repositoryName=repo, folderPath="utils")
    assert below["files"][0]["absolutePath"] == "utils/config.js"


def test_what_is_not_in_the_repository_is_refused(api, repo, first):
    at = {"repositoryName": repo}
    assert refusal(api.get_file, filePath="none", **at)[0] == "FileDoesNotExistException"
    assert refusal(api.get_file, filePath="utils", **at)[0] == "FileDoesNotExistException"
    assert refusal(api.get_file, filePath="none/x", **at)[0] == "FileDoesNotExistException"
    assert (
        refusal(api.get_file, filePath="a", commitSpecifier="gone", **at)[0] == "CommitDoesNotExistException"
    )
    assert refusal(api.get_file, filePath="a", commitSpecifier="a..b", **at)[0] == "InvalidCommitException"
    assert refusal(api.get_folder, folderPath="run.sh", **at)[0] == "FolderDoesNotExistException"
    assert refusal(api.get_blob, blobId="x", **at)[0] == "InvalidBlobIdException"
    assert refusal(api.get_blob, blobId=first, **at)[0] == "BlobIdDoesNotExistException"
    for path in ("../x", "a/../../b", ".git/config", "a\0b"):
        assert refusal(api.get_file, filePath=path, **at)[0] == "InvalidPathException"


def test_a_commit_puts_moves_deletes_and_changes_modes(api, repo, first):
    made = api.create_commit(
        repositoryName=repo,
        branchName="master",
        parentCommitId=first,
        putFiles=[
            {"filePath": 'odd "name"', "fileContent": b"\x00\xff\n"},
            {"filePath": "utils/config.js", "fileContent": b"2\n"},
            {"filePath": "start.sh", "sourceFile": {"filePath": "run.sh", "isMove": True}},
        ],
        deleteFiles=[{"filePath": "link"}],
        setFileModes=[{"filePath": "empty", "fileMode": "EXECUTABLE"}],
    )
    assert {row["absolutePath"] for row in made["filesAdded"]} == {'odd "name"', "start.sh"}
    assert {row["absolutePath"] for row in made["filesUpdated"]} == {"utils/config.js", "empty"}
    assert {row["absolutePath"] for row in made["filesDeleted"]} == {"link", "run.sh"}
    assert api.get_file(repositoryName=repo, filePath='odd "name"')["fileContent"] == b"\x00\xff\n"
    assert api.get_file(repositoryName=repo, filePath="start.sh")["fileMode"] == "EXECUTABLE"
    commit = api.get_commit(repositoryName=repo, commitId=made["commitId"])["commit"]
    assert (commit["treeId"], commit["parents"]) == (made["treeId"], [first])
    page = api.get_differences(
        repositoryName=repo, beforeCommitSpecifier=first, afterCommitSpecifier="master", MaxResults=4
    )
    rest = api.get_differences(
        repositoryName=repo,
        beforeCommitSpecifier=first,
        afterCommitSpecifier="master",
        NextToken=page["NextToken"],
    )
    kinds = sorted(row["changeType"] for row in page["differences"] + rest["differences"])
    assert kinds == ["A", "A", "D", "D", "M", "M"]
    only = api.get_differences(
        repositoryName=repo, beforeCommitSpecifier=first, afterCommitSpecifier="master", afterPath="utils"
    )["differences"]
    assert [row["afterBlob"]["path"] for row in only] == ["utils/config.js"]
    bad = {"repositoryName": repo, "afterCommitSpecifier": "master", "NextToken": "x"}
    assert refusal(api.get_differences, **bad)[0] == "InvalidContinuationTokenException"


def test_a_file_is_put_and_deleted(api, repo, first):
    made = put(api, repo, first, content=b"new\n", name="Bo", email="bo@example.com")
    assert api.get_file(repositoryName=repo, filePath="a")["blobId"] == made["blobId"]
    gone = api.delete_file(
        repositoryName=repo, branchName="master", filePath="a", parentCommitId=made["commitId"]
    )
    assert (gone["blobId"], gone["filePath"]) == (made["blobId"], "a")
    assert api.get_commit(repositoryName=repo, commitId=gone["commitId"])["commit"]["message"] == "Deleted a"


def test_commits_that_cannot_be_are_refused(api, repo, first):
    def commit(**changes):
        return refusal(
            api.create_commit, repositoryName=repo, branchName="master", parentCommitId=first, **changes
        )[0]

    def file(path, **more):
        return {"filePath": path, **(more or {"fileContent": b"x"})}

    source = {"filePath": "none"}
    assert commit() == "FileEntryRequiredException"
    assert commit(putFiles=[file("a"), file("a")]) == "SamePathRequestException"
    assert commit(putFiles=[file(f"f{n}") for n in range(101)]) == "MaximumFileEntriesExceededException"
    assert commit(putFiles=[file("a", fileMode="NORMAL")]) == "SourceFileOrContentRequiredException"
    both = file("a", fileContent=b"", sourceFile=source)
    assert commit(putFiles=[both]) == "FileContentAndSourceFileSpecifiedException"
    assert commit(putFiles=[file("a", sourceFile=source)]) == "FileDoesNotExistException"
    assert commit(putFiles=[file("a", fileContent=b"", fileMode="ODD")]) == "InvalidFileModeException"
    assert commit(putFiles=[file("utils")]) == "FileNameConflictsWithDirectoryNameException"
    assert commit(putFiles=[file("run.sh/x")]) == "DirectoryNameConflictsWithFileNameException"
    assert commit(putFiles=[file("utils/config.js", fileContent=b"1\n")]) == "NoChangeException"
    assert commit(deleteFiles=[{"filePath": "none"}]) == "FileDoesNotExistException"
    assert commit(putFiles=[file("a")], authorName="A <x") == "InvalidEmailException"
    same = {"path": "utils/config.js", "content": b"1\n"}
    assert refusal(lambda: put(api, repo, first, **same))[0] == "SameFileContentException"


def test_a_commit_needs_the_branch_s_tip_for_its_parent(api, repo, first):
    second = put(api, repo, first)["commitId"]
    assert refusal(lambda: put(api, repo, first, content=b"y"))[0] == "ParentCommitIdOutdatedException"
    nameless = {
        "repositoryName": repo,
        "branchName": "master",
        "putFiles": [{"filePath": "b", "fileContent": b""}],
    }
    assert refusal(api.create_commit, **nameless)[0] == "ParentCommitIdRequiredException"
    nameless["branchName"] = "other"
    assert refusal(api.create_commit, **nameless)[0] == "BranchDoesNotExistException"
    assert api.get_branch(repositoryName=repo, branchName="master")["branch"]["commitId"] == second


def test_an_empty_repository_has_nothing(api, repo):
    assert api.list_branches(repositoryName=repo)["branches"] == []
    assert refusal(api.get_folder, repositoryName=repo, folderPath="/")[0] == "CommitDoesNotExistException"
    parent = {
        "branchName": "m",
        "parentCommitId": "1" * 40,
        "putFiles": [{"filePath": "b", "fileContent": b""}],
    }
    assert refusal(api.create_commit, repositoryName=repo, **parent)[0] == "ParentCommitDoesNotExistException"
