"""The pipeline: preprocess -> train -> evaluate -> register, where the mean squared error is at most LIMIT."""

from pathlib import Path

from sagemaker.estimator import Estimator
from sagemaker.image_uris import retrieve
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.network import NetworkConfig
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.workflow.functions import JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import ProcessingStep, TrainingStep

from pipelines.environment import Environment

HERE = Path(__file__).parent
LIMIT = 6.0
SKLEARN = "1.2-1"
XGBOOST = "1.7-1"
HYPERPARAMETERS = {
    "objective": "reg:squarederror",
    "num_round": 50,
    "max_depth": 5,
    "eta": 0.2,
    "gamma": 4,
    "min_child_weight": 6,
    "subsample": 0.7,
}


def get_pipeline(environment: Environment, session: PipelineSession, input_uri: str) -> Pipeline:
    """The pipeline of one project; nothing is created until it is upserted."""
    instance = ParameterString("ProcessingInstanceType", default_value="ml.m5.large")
    training_instance = ParameterString("TrainingInstanceType", default_value="ml.m5.xlarge")
    count = ParameterInteger("TrainingInstanceCount", default_value=1)
    approval = ParameterString("ModelApprovalStatus", default_value="PendingManualApproval")
    data = ParameterString("InputDataUrl", default_value=input_uri)
    network = NetworkConfig(
        subnets=list(environment.subnets),
        security_group_ids=list(environment.security_groups),
        encrypt_inter_container_traffic=True,
    )
    image = retrieve("xgboost", environment.region, version=XGBOOST)

    prepared = preprocess(environment, session, network, instance, data)
    trained = train(environment, session, network, training_instance, count, image, prepared)
    evaluated, evaluation = evaluate(environment, session, network, instance, image, prepared, trained)
    registered = register(environment, session, image, trained, approval)
    good = ConditionLessThanOrEqualTo(
        left=JsonGet(evaluated.name, evaluation, "regression_metrics.mse.value"), right=LIMIT
    )
    decision = ConditionStep("CheckMSEAbalone", conditions=[good], if_steps=[registered], else_steps=[])
    return Pipeline(
        environment.pipeline_name,
        parameters=[instance, training_instance, count, approval, data],
        steps=[prepared, trained, evaluated, decision],
        sagemaker_session=session,
    )


def preprocess(environment, session, network, instance, data):
    processor = SKLearnProcessor(
        SKLEARN,
        environment.processing_role_arn,
        instance_count=1,
        instance_type=instance,
        sagemaker_session=session,
        network_config=network,
        volume_kms_key=environment.volume_key,
        output_kms_key=environment.kms_key,
        tags=environment.tags,
    )
    outputs = [_output(environment, name) for name in ("train", "validation", "test")]
    return ProcessingStep(
        "PreprocessAbaloneData",
        step_args=processor.run(
            code=str(HERE / "preprocess.py"),
            inputs=[ProcessingInput(source=data, destination="/opt/ml/processing/input")],
            outputs=outputs,
        ),
    )


def train(environment, session, network, instance, count, image, prepared):
    estimator = Estimator(
        image,
        environment.training_role_arn,
        instance_count=count,
        instance_type=instance,
        output_path=f"s3://{environment.model_bucket}/{environment.model_package_group}",
        sagemaker_session=session,
        subnets=network.subnets,
        security_group_ids=network.security_group_ids,
        encrypt_inter_container_traffic=True,
        volume_kms_key=environment.volume_key,
        output_kms_key=environment.kms_key,
        hyperparameters=HYPERPARAMETERS,
        disable_profiler=True,  # SageMaker Debugger is closed to new customers since 2026-07-30
        debugger_hook_config=False,
        tags=environment.tags,
    )
    channels = {name: TrainingInput(_uri(prepared, name), content_type="text/csv") for name in ("train", "validation")}
    return TrainingStep("TrainAbaloneModel", step_args=estimator.fit(channels))


def evaluate(environment, session, network, instance, image, prepared, trained):
    processor = ScriptProcessor(
        role=environment.processing_role_arn,
        image_uri=image,
        command=["python3"],
        instance_count=1,
        instance_type=instance,
        sagemaker_session=session,
        network_config=network,
        volume_kms_key=environment.volume_key,
        output_kms_key=environment.kms_key,
        tags=environment.tags,
    )
    evaluation = PropertyFile("EvaluationReport", output_name="evaluation", path="evaluation.json")
    inputs = [
        ProcessingInput(trained.properties.ModelArtifacts.S3ModelArtifacts, "/opt/ml/processing/model"),
        ProcessingInput(_uri(prepared, "test"), "/opt/ml/processing/test"),
    ]
    step = ProcessingStep(
        "EvaluateAbaloneModel",
        step_args=processor.run(
            code=str(HERE / "evaluate.py"), inputs=inputs, outputs=[_output(environment, "evaluation")]
        ),
        property_files=[evaluation],
    )
    return step, evaluation


def register(environment, session, image, trained, approval):
    model = Model(
        image,
        trained.properties.ModelArtifacts.S3ModelArtifacts,
        environment.training_role_arn,
        sagemaker_session=session,
    )
    report = f"s3://{environment.data_bucket}/{environment.model_package_group}/evaluation/evaluation.json"
    step_args = model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name=environment.model_package_group,
        approval_status=approval,
        model_metrics=ModelMetrics(model_statistics=MetricsSource(report, "application/json")),
    )
    return ModelStep("RegisterAbaloneModel", step_args=step_args)


def _output(environment, name):
    destination = f"s3://{environment.data_bucket}/{environment.model_package_group}/{name}"
    return ProcessingOutput(output_name=name, source=f"/opt/ml/processing/{name}", destination=destination)


def _uri(step, output):
    return step.properties.ProcessingOutputConfig.Outputs[output].S3Output.S3Uri
