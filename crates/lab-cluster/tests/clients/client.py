"""What a program does with a cluster, by the official Python client. Run by clients.rs, which holds
what it prints against what it should be.

    client.py ADMIN_KUBECONFIG KUBECONFIG_WITHOUT_A_USER
"""

import json
import sys
import threading

from kubernetes import client, config, watch

admin = client.CoreV1Api(config.new_client_from_config(sys.argv[1]))
said = {}

pods = []
page = admin.list_pod_for_all_namespaces(limit=2)
while True:
    pods += page.items
    if not page.metadata._continue:
        break
    page = admin.list_pod_for_all_namespaces(limit=2, _continue=page.metadata._continue)
said["listed"] = [pod.metadata.name for pod in pods]

revision = admin.list_namespaced_config_map("default").metadata.resource_version


def write():
    body = {"metadata": {"name": "colours"}, "data": {"colour": "red"}}
    admin.create_namespaced_config_map("default", body)
    admin.patch_namespaced_config_map("colours", "default", {"data": {"colour": "blue"}})
    admin.delete_namespaced_config_map("colours", "default")


writer = threading.Thread(target=write)
writer.start()
said["watched"] = []
watcher = watch.Watch()
maps = watcher.stream(
    admin.list_namespaced_config_map, "default", resource_version=revision, timeout_seconds=30
)
for event in maps:
    said["watched"].append(event["type"] + " " + event["object"].metadata.name)
    if len(said["watched"]) == 3:
        watcher.stop()
writer.join()

admin.create_namespaced_service_account("default", {"metadata": {"name": "robot"}})
request = client.AuthenticationV1TokenRequest(
    spec=client.V1TokenRequestSpec(audiences=["https://kubernetes.default.svc"], expiration_seconds=600)
)
issued = admin.create_namespaced_service_account_token("robot", "default", request)


def somebody(token):
    api = config.new_client_from_config(sys.argv[2])
    api.configuration.api_key["authorization"] = token
    api.configuration.api_key_prefix["authorization"] = "Bearer"
    return api


robot = somebody(issued.status.token)
review = client.AuthenticationV1Api(robot).create_self_subject_review({})
said["user"] = review.status.user_info.username
said["groups"] = review.status.user_info.groups
question = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}}
answer = client.AuthorizationV1Api(robot).create_self_subject_access_review(question)
said["may list pods"] = answer.status.allowed


def status(what):
    try:
        what()
    except client.ApiException as refused:
        return refused.status


said["refused"] = status(lambda: client.CoreV1Api(robot).list_namespaced_pod("default"))
said["garbage"] = status(lambda: client.CoreV1Api(somebody("garbage")).list_namespaced_pod("default"))
said["missing"] = status(lambda: admin.read_namespaced_secret("nonesuch", "default"))
print(json.dumps(said))
