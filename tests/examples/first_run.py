"""One voice from plan to folder."""

import launcher

plan = launcher.plan(
    preset="quick-check",
    dataset_repo="me/my-clips",
    results_repo="me/my-voice",
)
print(plan.gpu_name, plan.price_per_hour_usd, plan.most_usd)
for finding in plan.findings:
    print(finding.severity, finding.message, finding.hint)

run = plan.deploy(say=print)
run.wait()
voice = run.results(to="voices", only=["voice/**"])
print(voice.folder, run.cost_usd)
