"""The AWS account: stacks, pipeline, bucket, secret, cluster, repository, distribution.

The only room that imports boto3. Modules here read and change AWS and know nothing of
steps, notebooks or widgets; every refusal leaves as a `CloudError` or `ProfileError`.
"""
